//! The screen, drawn.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Borders, Cell, Paragraph, Row, Sparkline, Table};

use super::notation::{age, bytes, count, known, micros, rate, time};
use super::screen::{Pane, Screen};
use crate::model::{Agreement, ClusterView, HealthLevel, Level, MemberView, Percentiles, Point};

/// Lines of the curves.
const CURVES: u16 = 4;
/// Lines of the figures.
const FIGURES: u16 = 2;
/// Least lines of the lower part, which the table of members leaves.
const LEAST_PANE: u16 = 6;

const MUTED: Style = Style::new().fg(Color::DarkGray);
const STRONG: Style = Style::new().add_modifier(Modifier::BOLD);

/// Draws the screen.
pub fn draw(frame: &mut Frame<'_>, screen: &Screen) {
    let lines = 1 + screen.clusters.iter().map(|cluster| 1 + cluster.members.len()).sum::<usize>();
    let most = frame.area().height.saturating_sub(1 + FIGURES + CURVES + LEAST_PANE);
    let members = u16::try_from(lines).unwrap_or(u16::MAX).min(most).max(3);
    let [head, table, figures, curves, pane, foot] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Length(members),
        Constraint::Length(FIGURES),
        Constraint::Length(CURVES),
        Constraint::Min(3),
        Constraint::Length(1),
    ])
    .areas(frame.area());
    frame.render_widget(title(screen), head);
    draw_members(frame, screen, table);
    if let Some(cluster) = screen.clusters.get(screen.chosen) {
        frame.render_widget(Paragraph::new(figures_of(cluster)), figures);
    }
    draw_curves(frame, &screen.points, curves);
    match screen.pane {
        Pane::Events => draw_events(frame, screen, pane),
        Pane::Map => draw_map(frame, screen, pane),
    }
    frame.render_widget(Line::styled(" q end   tab events, map   left right cluster   up down scroll", MUTED), foot);
}

fn title(screen: &Screen) -> Line<'static> {
    let bad: Vec<&ClusterView> =
        screen.clusters.iter().filter(|cluster| cluster.health.level != HealthLevel::Good).collect();
    let worst = bad.iter().map(|cluster| cluster.health.level).max().unwrap_or(HealthLevel::Good);
    let text = if bad.is_empty() {
        String::from("all clusters are well")
    } else {
        let texts: Vec<_> = bad.iter().map(|cluster| format!("{}: {}", cluster.name, cluster.health.text)).collect();
        texts.join("; ")
    };
    Line::from(vec![
        Span::styled(" lugus top  ", STRONG),
        Span::styled(format!("{} UTC  ", time(screen.now.epoch_ms)), MUTED),
        Span::styled(text, health_style(worst)),
    ])
}

fn draw_members(frame: &mut Frame<'_>, screen: &Screen, area: Rect) {
    let widths = [14, 10, 6, 16, 9, 10, 8, 9, 9, 9, 8].map(Constraint::Length);
    let head = ["", "role", "term", "position", "lag", "state", "sessions", "clock", "files", "disk free", "snapshot"];
    let mut rows = Vec::new();
    // The chosen cluster first, if not all of them have room.
    for at in 0..screen.clusters.len() {
        let index = (screen.chosen + at) % screen.clusters.len();
        let is_room =
            screen.clusters.iter().map(|cluster| 1 + cluster.members.len()).sum::<usize>() < usize::from(area.height);
        let index = if is_room { at } else { index };
        let cluster = &screen.clusters[index];
        rows.push(cluster_row(cluster, index == screen.chosen));
        rows.extend(cluster.members.iter().map(|member| member_row(member, screen.now.epoch_ms)));
    }
    let table = Table::new(rows, widths).header(Row::new(head).style(MUTED)).column_spacing(1);
    frame.render_widget(table, area);
}

fn cluster_row(cluster: &ClusterView, is_chosen: bool) -> Row<'static> {
    let mark = if is_chosen { ">" } else { " " };
    let term = known(cluster.term, |term| term.to_string());
    Row::new([
        Cell::from(Span::styled(format!("{mark}{}", cluster.name), STRONG)),
        Cell::from(Span::styled(health_name(cluster.health.level), health_style(cluster.health.level))),
        Cell::from(Span::styled(term, MUTED)),
        Cell::from(right(known(cluster.commit_position, count), 16)),
    ])
}

fn member_row(member: &MemberView, now_ms: i64) -> Row<'static> {
    let is_well = member.has_joined;
    let role = match member.role {
        "leader" => Span::styled("leader", STRONG),
        "down" | "fenced" => Span::styled(member.role, Style::new().fg(Color::Red)),
        role if is_well => Span::raw(role),
        role => Span::styled(role, Style::new().fg(Color::Yellow)),
    };
    let state = match (member.agreement, &member.state_hash) {
        (Agreement::Differ, _) => Span::styled("DIFFERS", Style::new().fg(Color::Red)),
        (_, Some(hash)) => Span::raw(hash.chars().take(8).collect::<String>()),
        (_, None) => Span::raw("-"),
    };
    let clock = known(member.clock_us, |clock| micros(clock as f64));
    let clock = Span::styled(clock, if member.clock_differs { Style::new().fg(Color::Yellow) } else { Style::new() });
    Row::new([
        Cell::from(format!("   {}", member.id)),
        Cell::from(role),
        Cell::from(known(member.term, |term| term.to_string())),
        Cell::from(right(known(member.position, count), 16)),
        Cell::from(right(known(member.lag, |lag| bytes(lag as f64)), 9)),
        Cell::from(state),
        Cell::from(right(known(member.sessions, count), 8)),
        Cell::from(clock),
        Cell::from(right(known(member.disk_used, |used| bytes(used as f64)), 9)),
        Cell::from(right(known(member.disk_free, |free| bytes(free as f64)), 9)),
        Cell::from(right(known(member.snapshot, |snapshot| age(now_ms - snapshot.at_ms)), 8)),
    ])
}

fn right(text: String, width: usize) -> String {
    format!("{text:>width$}")
}

fn figures_of(cluster: &ClusterView) -> Vec<Line<'static>> {
    let rates = &cluster.rates;
    let times = |found: Option<Percentiles>| {
        known(found, |found| format!("{} / {} / {}", micros(found.p50_us), micros(found.p99_us), micros(found.p999_us)))
    };
    let orders = known(cluster.limits, |limits| {
        format!("{} of {}", count(limits.orders.used as i64), count(limits.orders.limit as i64))
    });
    let figure = |name: &'static str, value: String| [Span::styled(name, MUTED), Span::styled(value + "   ", STRONG)];
    let first = [
        figure(" commands/s ", known(rates.commands, rate)),
        figure("rejects/s ", known(rates.rejects, rate)),
        figure("fills/s ", known(rates.fills, rate)),
        figure("events/s ", known(rates.events, rate)),
        figure("log/s ", known(rates.log, bytes)),
        figure("orders ", orders),
    ];
    let second = [figure(" answer p50 / p99 / p99.9 ", times(rates.answer)), figure("engine ", times(rates.engine))];
    vec![Line::from(first.concat()), Line::from(second.concat())]
}

fn draw_curves(frame: &mut Frame<'_>, points: &[Point], area: Rect) {
    let halves: [Rect; 2] = Layout::horizontal([Constraint::Fill(1), Constraint::Fill(1)]).areas(area);
    let commands: Vec<_> = points.iter().map(|point| point.commands).collect();
    let answers: Vec<_> = points.iter().map(|point| point.p99_us).collect();
    for ((name, numbers), half) in [(" commands/s ", commands), (" answer p99 us ", answers)].into_iter().zip(halves) {
        let newest = &numbers[numbers.len().saturating_sub(usize::from(half.width))..];
        let values: Vec<u64> = newest.iter().map(|number| number.unwrap_or(0.0).max(0.0).round() as u64).collect();
        let most = values.iter().max().copied().unwrap_or(0);
        let block = Block::new()
            .borders(Borders::TOP)
            .border_style(MUTED)
            .title(format!("{name}(most {}) ", count(most as i64)));
        frame.render_widget(Sparkline::default().data(&values).style(Style::new().fg(Color::Cyan)).block(block), half);
    }
}

fn draw_events(frame: &mut Frame<'_>, screen: &Screen, area: Rect) {
    let lines: Vec<Line<'_>> = screen
        .events
        .iter()
        .skip(screen.scroll)
        .map(|event| {
            let style = match event.level {
                Level::Info => Style::new(),
                Level::Warning => Style::new().fg(Color::Yellow),
                Level::Alarm => Style::new().fg(Color::Red),
            };
            let cluster = event.cluster.as_deref().unwrap_or("");
            Line::from(vec![
                Span::styled(format!(" {} {cluster:<8} ", time(event.at_ms)), MUTED),
                Span::styled(event.text.clone(), style),
            ])
        })
        .collect();
    frame.render_widget(Paragraph::new(lines).block(pane(format!(" events ({}) ", screen.events.len()))), area);
}

fn draw_map(frame: &mut Frame<'_>, screen: &Screen, area: Rect) {
    let lines: Vec<Line<'_>> = screen
        .map
        .partitions
        .iter()
        .skip(screen.scroll)
        .map(|partition| {
            let halted = if partition.is_halted { "halted" } else { "trading" };
            let state = match &partition.moving {
                None => Span::raw(halted),
                Some(moving) => {
                    let age = age(screen.now.epoch_ms - moving.since_ms);
                    let text = format!("{halted}, from {} to {}: {} for {age}", moving.from, moving.to, moving.phase);
                    Span::styled(text, Style::new().fg(Color::Cyan))
                }
            };
            Line::from(vec![Span::raw(format!(" {:<18} {:<10} ", partition.symbol, partition.cluster)), state])
        })
        .collect();
    let epoch = known(screen.map.epoch, |epoch| epoch.to_string());
    let title = format!(" map, epoch {epoch}, coordinator {:?} ", screen.map.coordinator).to_lowercase();
    frame.render_widget(Paragraph::new(lines).block(pane(title)), area);
}

fn pane(title: String) -> Block<'static> {
    Block::new().borders(Borders::TOP).border_style(MUTED).title(title)
}

fn health_name(level: HealthLevel) -> &'static str {
    match level {
        HealthLevel::Good => "well",
        HealthLevel::Warning => "warning",
        HealthLevel::Alarm => "ALARM",
    }
}

fn health_style(level: HealthLevel) -> Style {
    match level {
        HealthLevel::Good => Style::new().fg(Color::Green),
        HealthLevel::Warning => Style::new().fg(Color::Yellow),
        HealthLevel::Alarm => Style::new().fg(Color::Red).add_modifier(Modifier::BOLD),
    }
}
