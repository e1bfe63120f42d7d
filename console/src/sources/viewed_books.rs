//! Which books somebody views, and how they look: the meeting point of the thread that follows books and of those who view them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use lugus_vocabulary::InstrumentId;

use crate::ladder::{BookState, BookView};

/// Greatest number of books that are followed at a time.
pub const MAXIMUM_BOOKS: usize = 4;
/// For how long a book is followed after the last one who viewed it has gone: a page that is loaded again finds it.
const LINGER: Duration = Duration::from_secs(10);

/// The books that somebody views.
#[derive(Debug, Default)]
pub struct ViewedBooks {
    books: BTreeMap<InstrumentId, ViewedBook>,
}

#[derive(Debug)]
struct ViewedBook {
    viewers: usize,
    /// When the last viewer has gone.
    left: Option<Instant>,
    view: Arc<BookView>,
}

impl ViewedBooks {
    /// Somebody begins to view a book. Whoever comes when [`MAXIMUM_BOOKS`] others are viewed sees that there are too many.
    pub fn enter(&mut self, instrument: InstrumentId, now: Instant) {
        self.forget_left(now);
        if let Some(book) = self.books.get_mut(&instrument) {
            (book.viewers, book.left) = (book.viewers + 1, None);
        } else if self.make_room() {
            let view = Arc::new(BookView::without_book(instrument, BookState::Connecting, None));
            self.books.insert(instrument, ViewedBook { viewers: 1, left: None, view });
        }
    }

    /// Somebody no longer views a book.
    pub fn leave(&mut self, instrument: InstrumentId, now: Instant) {
        if let Some(book) = self.books.get_mut(&instrument) {
            book.viewers = book.viewers.saturating_sub(1);
            if book.viewers == 0 {
                book.left = Some(now);
            }
        }
    }

    /// The books to follow.
    pub fn wanted(&mut self, now: Instant) -> Vec<InstrumentId> {
        self.forget_left(now);
        self.books.keys().copied().collect()
    }

    /// A book looks otherwise.
    pub fn show(&mut self, view: BookView) {
        if let Some(book) = self.books.get_mut(&InstrumentId(view.instrument)) {
            book.view = Arc::new(view);
        }
    }

    /// How a book looks to whoever has entered.
    pub fn view(&self, instrument: InstrumentId) -> Arc<BookView> {
        self.books.get(&instrument).map_or_else(
            || Arc::new(BookView::without_book(instrument, BookState::Full, None)),
            |book| Arc::clone(&book.view),
        )
    }

    fn forget_left(&mut self, now: Instant) {
        self.books.retain(|_, book| book.left.is_none_or(|left| now.saturating_duration_since(left) < LINGER));
    }

    /// Makes room for one more book; the one that was left first goes.
    fn make_room(&mut self) -> bool {
        if self.books.len() < MAXIMUM_BOOKS {
            return true;
        }
        let left = self.books.iter().filter_map(|(instrument, book)| Some((book.left?, *instrument)));
        let Some((_, instrument)) = left.min() else { return false };
        self.books.remove(&instrument).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_so_many_books_are_followed_and_those_that_are_left_make_room() {
        let (mut books, now) = (ViewedBooks::default(), Instant::now());
        let most = u32::try_from(MAXIMUM_BOOKS).unwrap();
        for id in 1..=most {
            books.enter(InstrumentId(id), now);
        }
        let one_more = InstrumentId(most + 1);
        books.enter(one_more, now);
        assert_eq!(books.view(one_more).state, BookState::Full);
        assert_eq!(books.wanted(now).len(), MAXIMUM_BOOKS);
        // A second viewer of a book that is followed is welcome, and keeps it when the first one goes.
        books.enter(InstrumentId(1), now);
        books.leave(InstrumentId(1), now);
        books.enter(one_more, now);
        assert_eq!(books.view(one_more).state, BookState::Full);
        books.leave(InstrumentId(1), now);
        assert_eq!(books.wanted(now).len(), MAXIMUM_BOOKS, "it lingers");
        books.enter(one_more, now);
        assert_eq!(books.view(one_more).state, BookState::Connecting);
        assert!(!books.wanted(now).contains(&InstrumentId(1)));
    }

    #[test]
    fn a_book_that_nobody_views_is_forgotten_after_a_while() {
        let (mut books, now) = (ViewedBooks::default(), Instant::now());
        books.enter(InstrumentId(1), now);
        books.leave(InstrumentId(1), now);
        assert_eq!(books.wanted(now + LINGER / 2).len(), 1);
        assert_eq!(books.wanted(now + LINGER), []);
    }
}
