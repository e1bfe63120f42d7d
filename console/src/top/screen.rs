//! What is shown at one moment, and what the keys have chosen.

use ratatui::crossterm::event::{KeyCode, KeyModifiers};

use crate::model::{ClusterView, Event, MapView, Model, Moment, Point};

/// What the lower part of the screen shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Pane {
    /// Events, newest first.
    #[default]
    Events,
    /// The partition map.
    Map,
}

/// What the keys have chosen.
#[derive(Debug, Clone, Default)]
pub struct Keys {
    cluster: usize,
    pane: Pane,
    scroll: usize,
    is_quit: bool,
}

/// What is shown at one moment.
#[derive(Debug)]
pub struct Screen {
    /// When.
    pub now: Moment,
    /// The clusters.
    pub clusters: Vec<ClusterView>,
    /// Index of the cluster whose figures are shown.
    pub chosen: usize,
    /// The curves of that cluster.
    pub points: Vec<Point>,
    /// The map.
    pub map: MapView,
    /// Events, newest first.
    pub events: Vec<Event>,
    /// The lower part.
    pub pane: Pane,
    /// Number of lines of the lower part that are scrolled away.
    pub scroll: usize,
}

impl Keys {
    /// Whether the user wants to end.
    pub fn is_quit(&self) -> bool {
        self.is_quit
    }

    /// A key is pressed, with this on the screen: `q` ends, tab changes the lower part, left and right choose a cluster, up and
    /// down scroll.
    pub fn press(&mut self, code: KeyCode, modifiers: KeyModifiers, screen: &Screen) {
        let clusters = screen.clusters.len().max(1);
        let lines = match self.pane {
            Pane::Events => screen.events.len(),
            Pane::Map => screen.map.partitions.len(),
        };
        match code {
            KeyCode::Char('q') | KeyCode::Esc => self.is_quit = true,
            KeyCode::Char('c') if modifiers.contains(KeyModifiers::CONTROL) => self.is_quit = true,
            KeyCode::Tab | KeyCode::BackTab => {
                self.pane = if self.pane == Pane::Events { Pane::Map } else { Pane::Events };
                self.scroll = 0;
            }
            KeyCode::Right => self.cluster = (screen.chosen + 1) % clusters,
            KeyCode::Left => self.cluster = (screen.chosen + clusters - 1) % clusters,
            KeyCode::Down => self.scroll = (self.scroll + 1).min(lines.saturating_sub(1)),
            KeyCode::Up => self.scroll = self.scroll.saturating_sub(1),
            KeyCode::Home => self.scroll = 0,
            _ => {}
        }
    }
}

impl Screen {
    /// What a model shows, with what the keys have chosen.
    pub fn of(model: &Model, keys: &Keys) -> Self {
        let clusters = model.clusters();
        let chosen = keys.cluster.min(clusters.len().saturating_sub(1));
        let history = clusters.get(chosen).and_then(|cluster| model.history(cluster.id));
        Self {
            now: model.now(),
            points: history.map(|history| history.after(i64::MIN).copied().collect()).unwrap_or_default(),
            clusters,
            chosen,
            map: model.map_view(),
            events: model.events().since(0).rev().cloned().collect(),
            pane: keys.pane,
            scroll: keys.scroll,
        }
    }
}
