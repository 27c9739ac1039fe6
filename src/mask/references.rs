//! The named references of pages that a filler, or a sign that stands for one, may come back as.

/// What a page calls ASCII, Latin-1, blanks, dashes, quotes, and the signs that fillers are made of or could be
/// taken for: by HTML's table, in the order of their bytes.
#[rustfmt::skip]
const NAMES: [(&str, char); 300] = [
    ("AElig", 'Æ'), ("AMP", '&'), ("Aacute", 'Á'), ("Acirc", 'Â'), ("Agrave", 'À'),
    ("ApplyFunction", '\u{2061}'), ("Aring", 'Å'), ("Atilde", 'Ã'), ("Auml", 'Ä'), ("COPY", '©'),
    ("Ccedil", 'Ç'), ("Cedilla", '¸'), ("CenterDot", '·'), ("CircleDot", '⊙'),
    ("CloseCurlyDoubleQuote", '”'), ("CloseCurlyQuote", '’'), ("Dagger", '‡'),
    ("DiacriticalAcute", '´'), ("DiacriticalGrave", '`'), ("Dot", '¨'), ("DoubleDot", '¨'),
    ("ETH", 'Ð'), ("Eacute", 'É'), ("Ecirc", 'Ê'), ("Egrave", 'È'), ("EmptySmallSquare", '◻'),
    ("EmptyVerySmallSquare", '▫'), ("Euml", 'Ë'), ("FilledSmallSquare", '◼'),
    ("FilledVerySmallSquare", '▪'), ("GT", '>'), ("Hat", '^'), ("Iacute", 'Í'), ("Icirc", 'Î'),
    ("Igrave", 'Ì'), ("InvisibleComma", '\u{2063}'), ("InvisibleTimes", '\u{2062}'), ("Iuml", 'Ï'),
    ("LT", '<'), ("MediumSpace", '\u{205f}'), ("NegativeMediumSpace", '\u{200b}'),
    ("NegativeThickSpace", '\u{200b}'), ("NegativeThinSpace", '\u{200b}'),
    ("NegativeVeryThinSpace", '\u{200b}'), ("NewLine", '\u{a}'), ("NoBreak", '\u{2060}'),
    ("NonBreakingSpace", '\u{a0}'), ("Ntilde", 'Ñ'), ("Oacute", 'Ó'), ("Ocirc", 'Ô'),
    ("Ograve", 'Ò'), ("OpenCurlyDoubleQuote", '“'), ("OpenCurlyQuote", '‘'), ("Oslash", 'Ø'),
    ("Otilde", 'Õ'), ("Ouml", 'Ö'), ("OverBar", '‾'), ("PlusMinus", '±'), ("Prime", '″'),
    ("QUOT", '"'), ("REG", '®'), ("SmallCircle", '∘'), ("Square", '□'), ("Star", '⋆'),
    ("THORN", 'Þ'), ("TRADE", '™'), ("Tab", '\u{9}'), ("ThinSpace", '\u{2009}'), ("Uacute", 'Ú'),
    ("Ucirc", 'Û'), ("Ugrave", 'Ù'), ("UnderBar", '_'), ("Uuml", 'Ü'), ("Verbar", '‖'),
    ("Vert", '‖'), ("VerticalLine", '|'), ("VeryThinSpace", '\u{200a}'), ("Yacute", 'Ý'),
    ("ZeroWidthSpace", '\u{200b}'), ("aacute", 'á'), ("acirc", 'â'), ("acute", '´'), ("aelig", 'æ'),
    ("af", '\u{2061}'), ("agrave", 'à'), ("amp", '&'), ("angst", 'Å'), ("apos", '\''),
    ("aring", 'å'), ("ast", '*'), ("atilde", 'ã'), ("auml", 'ä'), ("backprime", '‵'),
    ("bdquo", '„'), ("bigcirc", '◯'), ("bigstar", '★'), ("bigtriangledown", '▽'),
    ("bigtriangleup", '△'), ("blacklozenge", '⧫'), ("blacksquare", '▪'), ("blacktriangle", '▴'),
    ("blacktriangledown", '▾'), ("blacktriangleleft", '◂'), ("blacktriangleright", '▸'),
    ("blk12", '▒'), ("blk14", '░'), ("blk34", '▓'), ("block", '█'), ("bprime", '‵'),
    ("brvbar", '¦'), ("bsol", '\\'), ("bull", '•'), ("bullet", '•'), ("ccedil", 'ç'),
    ("cedil", '¸'), ("cent", '¢'), ("centerdot", '·'), ("cir", '○'), ("circledR", '®'),
    ("circledast", '⊛'), ("circledcirc", '⊚'), ("colon", ':'), ("comma", ','), ("commat", '@'),
    ("compfn", '∘'), ("copy", '©'), ("curren", '¤'), ("dagger", '†'), ("dash", '‐'),
    ("ddagger", '‡'), ("deg", '°'), ("die", '¨'), ("div", '÷'), ("divide", '÷'), ("dollar", '$'),
    ("dtri", '▿'), ("dtrif", '▾'), ("eacute", 'é'), ("easter", '⩮'), ("ecirc", 'ê'),
    ("egrave", 'è'), ("emsp", '\u{2003}'), ("emsp13", '\u{2004}'), ("emsp14", '\u{2005}'),
    ("ensp", '\u{2002}'), ("equals", '='), ("eth", 'ð'), ("euml", 'ë'), ("euro", '€'),
    ("excl", '!'), ("fltns", '▱'), ("frac12", '½'), ("frac14", '¼'), ("frac34", '¾'),
    ("grave", '`'), ("gt", '>'), ("hairsp", '\u{200a}'), ("half", '½'), ("hellip", '…'),
    ("horbar", '―'), ("hybull", '⁃'), ("hyphen", '‐'), ("iacute", 'í'), ("ic", '\u{2063}'),
    ("icirc", 'î'), ("iexcl", '¡'), ("igrave", 'ì'), ("iquest", '¿'), ("it", '\u{2062}'),
    ("iuml", 'ï'), ("laquo", '«'), ("lbrace", '{'), ("lbrack", '['), ("lcub", '{'), ("ldquo", '“'),
    ("ldquor", '„'), ("lhblk", '▄'), ("lltri", '◺'), ("lowast", '∗'), ("lowbar", '_'), ("loz", '◊'),
    ("lozenge", '◊'), ("lozf", '⧫'), ("lpar", '('), ("lrm", '\u{200e}'), ("lsaquo", '‹'),
    ("lsqb", '['), ("lsquo", '‘'), ("lsquor", '‚'), ("lt", '<'), ("ltri", '◃'), ("ltrif", '◂'),
    ("macr", '¯'), ("malt", '✠'), ("maltese", '✠'), ("marker", '▮'), ("mdash", '—'), ("micro", 'µ'),
    ("midast", '*'), ("middot", '·'), ("minus", '−'), ("mldr", '…'), ("nbsp", '\u{a0}'),
    ("ndash", '–'), ("nldr", '‥'), ("not", '¬'), ("ntilde", 'ñ'), ("num", '#'),
    ("numsp", '\u{2007}'), ("oacute", 'ó'), ("oast", '⊛'), ("ocir", '⊚'), ("ocirc", 'ô'),
    ("odot", '⊙'), ("ofcir", '⦿'), ("ograve", 'ò'), ("oline", '‾'), ("ordf", 'ª'), ("ordm", 'º'),
    ("oslash", 'ø'), ("otilde", 'õ'), ("ouml", 'ö'), ("para", '¶'), ("percnt", '%'),
    ("period", '.'), ("permil", '‰'), ("pertenk", '‱'), ("plus", '+'), ("plusmn", '±'), ("pm", '±'),
    ("pound", '£'), ("prime", '′'), ("puncsp", '\u{2008}'), ("quest", '?'), ("quot", '"'),
    ("raquo", '»'), ("rbrace", '}'), ("rbrack", ']'), ("rcub", '}'), ("rdquo", '”'),
    ("rdquor", '”'), ("rect", '▭'), ("reg", '®'), ("rlm", '\u{200f}'), ("rpar", ')'),
    ("rsaquo", '›'), ("rsqb", ']'), ("rsquo", '’'), ("rsquor", '’'), ("rtri", '▹'), ("rtrif", '▸'),
    ("sbquo", '‚'), ("sdot", '⋅'), ("sect", '§'), ("semi", ';'), ("sext", '✶'), ("shy", '\u{ad}'),
    ("sol", '/'), ("squ", '□'), ("square", '□'), ("squarf", '▪'), ("squf", '▪'), ("sstarf", '⋆'),
    ("star", '☆'), ("starf", '★'), ("strns", '¯'), ("sup1", '¹'), ("sup2", '²'), ("sup3", '³'),
    ("szlig", 'ß'), ("thinsp", '\u{2009}'), ("thorn", 'þ'), ("times", '×'), ("tprime", '‴'),
    ("trade", '™'), ("triangle", '▵'), ("triangledown", '▿'), ("triangleleft", '◃'),
    ("triangleright", '▹'), ("tridot", '◬'), ("uacute", 'ú'), ("ucirc", 'û'), ("ugrave", 'ù'),
    ("uhblk", '▀'), ("ultri", '◸'), ("uml", '¨'), ("urtri", '◹'), ("utri", '▵'), ("utrif", '▴'),
    ("uuml", 'ü'), ("verbar", '|'), ("vert", '|'), ("xcirc", '◯'), ("xdtri", '▽'), ("xutri", '△'),
    ("yacute", 'ý'), ("yen", '¥'), ("yuml", 'ÿ'), ("zwj", '\u{200d}'), ("zwnj", '\u{200c}'),
];

/// The longest name.
const LONGEST: usize = 21;

/// The character whose name the text begins with, and the name's length; of several, the longest.
pub(super) fn find(text: &str) -> Option<(char, usize)> {
    let letters = text.bytes().take(LONGEST);
    let most = letters.take_while(u8::is_ascii_alphanumeric).count();
    (1..=most).rev().find_map(|length| {
        let name = text.get(..length)?;
        let at = NAMES.binary_search_by_key(&name, |it| it.0).ok()?;
        Some((NAMES.get(at)?.1, length))
    })
}
