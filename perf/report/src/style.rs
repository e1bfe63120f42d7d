//! The styles of pictures and page, for light and dark themes.
//!
//! The colours of series are those of Okabe and Ito, which people with defective colour vision tell apart, and lighter ones of the same hues on
//! a dark ground.

/// Styles of the content of a picture. `:root` is the picture in its own file, and the page in the page.
pub(crate) const PICTURE_STYLE: &str = "
:root { color-scheme: light dark;
  --ground: #ffffff; --text: #1b1f24; --quiet: #57606a; --grid: #e1e4e8; --frame: #8c959f;
  --c0: #0072b2; --c1: #d55e00; --c2: #009e73; --c3: #b0538f; --c4: #c28800; --c5: #3a9bd9; --c6: #6e5a00; --c7: #444c56; }
@media (prefers-color-scheme: dark) { :root {
  --ground: #15191f; --text: #e6e9ed; --quiet: #9aa4af; --grid: #2b313a; --frame: #6b7582;
  --c0: #4fa8e0; --c1: #ff8a3d; --c2: #2bc79a; --c3: #e58bc4; --c4: #f2bf3f; --c5: #9fd6ff; --c6: #c9b458; --c7: #c3cad2; } }
.picture { font: 12px system-ui, 'DejaVu Sans', sans-serif; }
.background { fill: var(--ground); }
.label { fill: var(--text); }
.tick, .axis { fill: var(--quiet); }
.value { fill: var(--text); font-weight: 600; }
.inside { fill: var(--ground); font-weight: 600; }
.grid { stroke: var(--grid); }
.frame { stroke: var(--frame); fill: none; }
.s0 { --c: var(--c0); } .s1 { --c: var(--c1); } .s2 { --c: var(--c2); } .s3 { --c: var(--c3); }
.s4 { --c: var(--c4); } .s5 { --c: var(--c5); } .s6 { --c: var(--c6); } .s7 { --c: var(--c7); }
.plain { --c: var(--text); }
.curve { stroke: var(--c); stroke-width: 2; fill: none; stroke-linejoin: round; }
.dashed { stroke-dasharray: 6 3; }
.band { fill: var(--c); fill-opacity: 0.14; stroke: none; }
.mark { fill: var(--c); stroke: var(--ground); stroke-width: 1; stroke-dasharray: none; }
.area { fill: var(--c); stroke: var(--ground); stroke-width: 1; }
.ring { fill: none; stroke: var(--text); stroke-width: 1.5; }
.whisker { stroke: var(--frame); stroke-width: 1.5; fill: none; }
";

/// Styles of the page around the pictures.
pub(crate) const PAGE_STYLE: &str = "
body { margin: 0 auto; padding: 1.5rem 1rem 4rem; max-width: 60rem; background: var(--ground); color: var(--text);
  font: 16px/1.5 system-ui, 'DejaVu Sans', sans-serif; }
h1 { font-size: 1.6rem; margin: 0 0 0.5rem; }
h2 { font-size: 1.25rem; margin: 2.5rem 0 0.5rem; border-top: 1px solid var(--grid); padding-top: 1rem; }
p { margin: 0.4rem 0; max-width: 46rem; }
nav ul { display: flex; flex-wrap: wrap; gap: 0.2rem 1rem; padding: 0; list-style: none; }
a { color: var(--c0); }
.missing { color: var(--quiet); }
figure { margin: 1rem 0 0.5rem; }
figure svg { display: block; width: 100%; height: auto; border: 1px solid var(--grid); border-radius: 6px; }
.scroll { overflow-x: auto; margin: 0.5rem 0 1rem; }
table { border-collapse: collapse; font-size: 0.85rem; }
caption { text-align: left; color: var(--quiet); padding: 0.2rem 0; }
th, td { padding: 0.2rem 0.7rem 0.2rem 0; text-align: right; border-bottom: 1px solid var(--grid); white-space: nowrap;
  font-variant-numeric: tabular-nums; }
.wrap { white-space: normal; }
th[scope=row], th.words, td.words { text-align: left; font-weight: 400; }
thead th { color: var(--quiet); font-weight: 600; }
summary { cursor: pointer; color: var(--c0); }
@media print { details { display: block; } }
";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::svg::COLOURS;

    #[test]
    fn every_series_has_a_colour_in_both_themes() {
        for index in 0..COLOURS {
            assert_eq!(PICTURE_STYLE.matches(&format!("--c{index}: #")).count(), 2, "{index}");
            assert!(PICTURE_STYLE.contains(&format!(".s{index} {{ --c: var(--c{index}); }}")), "{index}");
        }
    }
}
