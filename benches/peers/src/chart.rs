//! The median of one check, of all contestants in all worlds, as bars on a log scale.

use std::error::Error;
use std::path::Path;

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::measure::WorldResult;
use crate::report::{Machine, nanoseconds};

const SIZE: (u32, u32) = (960, 540);
const COLOURS: [RGBColor; 8] = [
    RGBColor(0, 80, 150),
    RGBColor(86, 160, 211),
    RGBColor(150, 150, 150),
    RGBColor(230, 159, 0),
    RGBColor(0, 140, 100),
    RGBColor(170, 90, 160),
    RGBColor(235, 150, 130),
    RGBColor(190, 60, 40),
];
/// The bars of a world, with a gap of one bar after them.
const GROUP: usize = COLOURS.len() + 1;

pub(crate) fn draw(
    path: &Path,
    machine: &Machine,
    results: &[WorldResult],
) -> Result<(), Box<dyn Error>> {
    let area = SVGBackend::new(path, SIZE).into_drawing_area();
    area.fill(&WHITE)?;
    let small = ("sans-serif", 12).into_font();
    area.draw_text(
        "Median of one check, names already turned into each one's own types; log scale",
        &("sans-serif", 18).into_text_style(&area),
        (56, 10),
    )?;
    area.draw_text(
        &machine.to_string(),
        &small.clone().color(&RGBColor(90, 90, 90)),
        (56, 36),
    )?;
    let names = results.first().map_or(&[][..], |it| &it.rows);
    for (i, (row, colour)) in names.iter().zip(COLOURS).enumerate() {
        let (x, y) = (56 + 226 * (i as i32 % 4), 60 + 20 * (i as i32 / 4));
        area.draw(&Rectangle::new([(x, y), (x + 12, y + 12)], colour.filled()))?;
        area.draw_text(&row.name, &small.clone().color(&BLACK), (x + 18, y + 1))?;
    }

    let all = results.iter().flat_map(|it| &it.rows);
    let slowest = all.map(|it| it.check).fold(10.0, f64::max);
    let top = 10_f64.powf(slowest.log10().ceil() + 0.5);
    let width = (GROUP * results.len()) as f64;
    let (_, plot) = area.split_vertically(100);
    let mut chart = ChartBuilder::on(&plot)
        .margin_right(12)
        .y_label_area_size(56)
        .x_label_area_size(28)
        .build_cartesian_2d(0.0..width, (1.0..top).log_scale())?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .disable_x_axis()
        .light_line_style(WHITE)
        .bold_line_style(RGBColor(225, 225, 225))
        .y_label_formatter(&|it| nanoseconds(*it).replace(".00", "").replace(".0", ""))
        .y_label_style(small.clone())
        .draw()?;

    let value = small.transform(FontTransform::Rotate270).color(&BLACK);
    let value = value.pos(Pos::new(HPos::Left, VPos::Center));
    let world = ("sans-serif", 13).into_font().color(&BLACK);
    let world = world.pos(Pos::new(HPos::Center, VPos::Top));
    for (group, result) in results.iter().enumerate() {
        let start = (group * GROUP) as f64 + 0.5;
        for (bar, (row, colour)) in result.rows.iter().zip(COLOURS).enumerate() {
            let x = start + bar as f64;
            let corners = [(x + 0.05, 1.0), (x + 0.95, row.check)];
            let text = nanoseconds(row.check);
            chart.draw_series([Rectangle::new(corners, colour.filled())])?;
            chart.draw_series([Text::new(text, (x + 0.5, row.check * 1.15), value.clone())])?;
        }
        let centre = start + (GROUP - 1) as f64 / 2.0;
        let (x, y) = chart.backend_coord(&(centre, 1.0));
        let label = format!("{}: {}", result.world, size(result.world));
        area.draw_text(&label, &world, (x, y + 8))?;
    }
    area.present()?;
    Ok(())
}

fn size(world: &str) -> &'static str {
    match world {
        "W1" => "30 users",
        "W2" => "10,000 users in packages",
        "W3" => "1,000 positions, scopes",
        _ => "10,000 positions, scopes",
    }
}
