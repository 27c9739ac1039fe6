//! What the text is made of, and what it is refused for.
