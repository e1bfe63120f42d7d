//! The page in a browser without a window, in both themes: it is laid out, and its content fits into narrow and wide windows.
//!
//! Without Chromium the test is skipped, and says so.

#![allow(clippy::expect_used, clippy::panic, reason = "a test that fails panics")]

mod made_up;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use lugus_report::Report;

/// Names of the program.
const PROGRAMS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// A script for this test alone, which says how the page is laid out. The page itself allows none, so its policy is taken away.
const PROBE: &str = "<script>addEventListener('load', () => {
  const say = [];
  say.push('dark=' + matchMedia('(prefers-color-scheme: dark)').matches);
  say.push('ground=' + getComputedStyle(document.body).backgroundColor);
  say.push('wider=' + (document.documentElement.scrollWidth > innerWidth));
  let cut = 0, overlaps = 0, texts = 0;
  for (const svg of document.querySelectorAll('svg')) {
    const area = svg.getBoundingClientRect();
    const boxes = [...svg.querySelectorAll('text')].map(text => text.getBoundingClientRect());
    texts += boxes.length;
    for (const box of boxes)
      if (box.left < area.left || box.right > area.right || box.top < area.top || box.bottom > area.bottom) cut++;
    boxes.forEach((a, i) => boxes.slice(i + 1).forEach(b => {
      if (a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1) overlaps++;
    }));
  }
  say.push('texts=' + texts, 'cut=' + cut, 'overlaps=' + overlaps);
  document.body.setAttribute('data-probe', say.join(' '));
})</script>";

fn browser() -> Option<&'static str> {
    let is_there =
        |name: &&&str| Command::new(name).arg("--version").output().is_ok_and(|output| output.status.success());
    PROGRAMS.iter().find(is_there).copied()
}

fn run(program: &str, home: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(program);
    command.args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"]);
    command.arg(format!("--user-data-dir={}", home.display())).args(arguments);
    command.output().expect("the browser starts")
}

#[test]
fn the_page_is_laid_out_in_both_themes_and_in_narrow_windows() {
    let Some(program) = browser() else {
        eprintln!("SKIPPED: none of {PROGRAMS:?} is installed, so the page was not looked at in a browser");
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let report = Report::of(&made_up::results(folder.path()), folder.path());
    let page = folder.path().join("probe.html");
    let policy = report.html.lines().find(|line| line.contains("Content-Security-Policy")).expect("a policy");
    fs::write(&page, report.html.replace(policy, "").replace("</body>", &format!("{PROBE}</body>"))).expect("written");
    let address = format!("file://{}", page.display());
    for (theme, ground, is_dark) in [("light", "rgb(255, 255, 255)", "false"), ("dark", "rgb(21, 25, 31)", "true")] {
        for width in [480, 1_280] {
            let size = format!("--window-size={width},900");
            // Of Blink's settings 0 is the dark scheme, and 1 the light one.
            let scheme = format!("--blink-settings=preferredColorScheme={}", u8::from(theme == "light"));
            let home = folder.path().join(format!("home-{theme}-{width}"));
            let output = run(program, &home, &[&size, &scheme, "--virtual-time-budget=5000", "--dump-dom", &address]);
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            let said =
                text.split_once("data-probe=\"").and_then(|(_, rest)| rest.split_once('"')).map(|(said, _)| said);
            let said = said.unwrap_or_else(|| panic!("the browser said nothing: {output:?}"));
            for expected in
                [&format!("dark={is_dark}"), &format!("ground={ground}"), "wider=false", "cut=0", "overlaps=0"]
            {
                assert!(said.contains(expected), "{theme}, {width} wide: {expected} is not in {said}");
            }
            let texts = said.split_once("texts=").and_then(|(_, rest)| rest.split(' ').next()?.parse::<u32>().ok());
            assert!(texts.is_some_and(|texts| texts > 200), "{said}");
        }
    }
}
