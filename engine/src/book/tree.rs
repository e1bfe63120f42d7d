//! From the upper 56 bits of a level's key to its page: a radix tree, adaptive and path compressed (Leis, Kemper and
//! Neumann, "The adaptive radix tree", 2013).
//!
//! A node branches at one byte of the key; bytes at which all keys agree have no node. A narrow node has up to 16
//! children sorted by their bytes; a wide node has a place for each byte. The bitmap of a node marks the children below
//! which there may be a page with orders. It is set on the way down to a page that gets an order, unless the page says
//! that it is set already, and is cleared only when a search finds nothing there. So levels that open and close do not
//! touch the tree.

use super::cells::{MARKED, Page};

/// Link to a child: its kind in the upper two bits, and its index.
type Link = u32;

const NONE: Link = Link::MAX;
const PAGE: u32 = 0;
const NARROW: u32 = 1;
const WIDE: u32 = 2;
const NUMBER: u32 = (1 << 30) - 1;
const NARROW_CHILDREN: usize = 16;
/// Number of bytes of a page's key, and so the largest number of nodes above a page.
const DEPTH: usize = 7;

/// The pages of a side.
#[derive(Debug)]
pub(super) struct PageTree {
    root: Link,
    narrow: Vec<Narrow>,
    wide: Vec<Wide>,
    free_narrow: Vec<u32>,
    free_wide: Vec<u32>,
}

#[derive(Debug, Clone, Copy)]
struct Narrow {
    /// The common prefix of all keys below: the key shifted right by `shift + 8`.
    prefix: u64,
    /// Position in bits of the byte at which the node branches.
    shift: u32,
    children: u32,
    occupied: u64,
    bytes: [u8; NARROW_CHILDREN],
    links: [Link; NARROW_CHILDREN],
}

#[derive(Debug, Clone, Copy)]
struct Wide {
    prefix: u64,
    shift: u32,
    children: u32,
    occupied: [u64; 4],
    links: [Link; 256],
}

/// Place of a link: the root, or a child of a node.
#[derive(Debug, Clone, Copy)]
enum Place {
    Root,
    Child(Link, usize),
}

impl PageTree {
    pub(super) fn new() -> Self {
        let (free_narrow, free_wide) = (Vec::new(), Vec::new());
        Self { root: NONE, narrow: Vec::new(), wide: Vec::new(), free_narrow, free_wide }
    }

    /// The page with this key.
    #[inline]
    pub(super) fn find(&self, key: u64, pages: &[Page]) -> Option<u32> {
        let mut link = self.root;
        while link >> 30 != PAGE {
            let number = (link & NUMBER) as usize;
            if link == NONE {
                return None;
            }
            link = if link >> 30 == WIDE { self.wide[number].find(key)? } else { self.narrow[number].find(key)? };
        }
        (pages[link as usize].key == key).then_some(link)
    }

    /// Inserts a page, whose key must be new, and marks it as occupied.
    pub(super) fn insert(&mut self, page: u32, pages: &mut [Page]) {
        let key = pages[page as usize].key;
        let (mut place, mut link) = (Place::Root, self.root);
        loop {
            if link == NONE {
                self.set(place, page);
                break;
            }
            let (until_now, shift) = match link >> 30 {
                PAGE => (pages[link as usize].key, 0),
                _ => {
                    let (prefix, shift) = self.prefix(link);
                    (prefix << shift << 8, shift + 8)
                }
            };
            if key >> shift != until_now >> shift {
                let node = self.branch(key, page, until_now, link);
                self.set(place, node);
                break;
            }
            let byte = byte(key, shift - 8);
            let Some(child) = self.child(link, byte) else {
                let node = self.adopt(link, byte, page);
                self.set(place, node);
                break;
            };
            place = Place::Child(link, child);
            link = self.link(place);
        }
        self.mark(page, pages);
    }

    /// Marks a page as occupied in all nodes above it.
    pub(super) fn mark(&mut self, page: u32, pages: &mut [Page]) {
        let page = &mut pages[page as usize];
        page.marked = MARKED;
        let mut link = self.root;
        while link >> 30 != PAGE {
            let number = (link & NUMBER) as usize;
            let below = match link >> 30 {
                NARROW => self.narrow[number].fill(page.key),
                WIDE if link != NONE => self.wide[number].fill(page.key),
                _ => None,
            };
            let Some(below) = below else { return };
            link = below;
        }
    }

    /// Removes a page. A node with one child left is replaced by the child.
    pub(super) fn remove(&mut self, page: u32, pages: &[Page]) {
        let key = pages[page as usize].key;
        let (mut above, mut place, mut link) = (Place::Root, Place::Root, self.root);
        for _ in 0..=DEPTH {
            if link == page {
                break;
            }
            if link == NONE || link >> 30 == PAGE {
                return;
            }
            let (_, shift) = self.prefix(link);
            let Some(child) = self.child(link, byte(key, shift)) else { return };
            above = std::mem::replace(&mut place, Place::Child(link, child));
            link = self.link(place);
        }
        match place {
            Place::Root => self.root = NONE,
            Place::Child(node, child) => {
                if let Some(only) = self.disown(node, child) {
                    self.set(above, only);
                }
            }
        }
    }

    /// The first page with orders after this page. Clears the mark of a page that searches often find empty.
    pub(super) fn occupied_after(&mut self, page: u32, pages: &mut [Page]) -> Option<u32> {
        let key = pages[page as usize].key;
        let mut above = [(NONE, 0); DEPTH];
        let (mut depth, mut link) = (0, self.root);
        while link >> 30 != PAGE {
            let (_, shift) = self.prefix(link);
            let child = self.child(link, byte(key, shift))?;
            above[depth % DEPTH] = (link, child);
            depth += 1;
            link = self.link(Place::Child(link, child));
        }
        for &(node, child) in above[..depth.min(DEPTH)].iter().rev() {
            let found = self.occupied_below(node, child + 1, pages);
            if found.is_some() {
                return found;
            }
        }
        None
    }

    /// The first page with orders below a node, from this child on.
    fn occupied_below(&mut self, node: Link, mut from: usize, pages: &mut [Page]) -> Option<u32> {
        let number = (node & NUMBER) as usize;
        let end = if node >> 30 == NARROW { 64 } else { 256 };
        while from < end {
            let word = from / 64;
            let (occupied, links) = if node >> 30 == NARROW {
                let node = &mut self.narrow[number];
                (&mut node.occupied, &node.links[..])
            } else {
                let node = &mut self.wide[number];
                (&mut node.occupied[word], &node.links[word * 64..][..64])
            };
            let Some((place, below)) = occupied_child(occupied, links, from % 64, pages) else {
                from = (word + 1) * 64;
                continue;
            };
            if below >> 30 == PAGE {
                return Some(below);
            }
            let found = self.occupied_below(below, 0, pages);
            if found.is_some() {
                return found;
            }
            let child = word * 64 + place;
            if self.is_unoccupied(below) {
                self.set_unoccupied(node, child);
            }
            from = child + 1;
        }
        None
    }

    /// The next page by key, with or without orders.
    pub(super) fn after(&self, page: u32, pages: &[Page]) -> Option<u32> {
        let key = pages[page as usize].key;
        let (mut later, mut link) = (None, self.root);
        while link != page {
            let (_, shift) = self.prefix(link);
            let byte = byte(key, shift);
            later = self.first_child_from(link, byte as usize + 1).or(later);
            link = self.link(Place::Child(link, self.child(link, byte)?));
        }
        let mut link = later?;
        while link >> 30 != PAGE {
            link = self.first_child_from(link, 0)?;
        }
        Some(link)
    }

    /// All pages by key; walks over the whole tree.
    pub(super) fn pages(&self) -> Vec<u32> {
        let (mut found, mut open) = (Vec::new(), vec![self.root]);
        while let Some(link) = open.pop() {
            let number = (link & NUMBER) as usize;
            match link >> 30 {
                PAGE => found.push(link),
                NARROW => {
                    let node = &self.narrow[number];
                    open.extend(node.links[..node.children as usize].iter().rev());
                }
                WIDE => open.extend(self.wide[number].links.iter().rev()),
                _ => {}
            }
        }
        found
    }

    /// Number of nodes in use, which is less than the number of pages.
    #[cfg(test)]
    fn nodes(&self) -> usize {
        self.narrow.len() + self.wide.len() - self.free_narrow.len() - self.free_wide.len()
    }

    /// Makes a node over two children: `page` with `key`, and `link`, whose keys begin with that of `other`.
    fn branch(&mut self, key: u64, page: u32, other: u64, link: Link) -> Link {
        let shift = (63 - (key ^ other).leading_zeros()) / 8 * 8;
        let mut node = Narrow {
            prefix: key >> shift >> 8,
            shift,
            children: 0,
            occupied: 0,
            bytes: [0; NARROW_CHILDREN],
            links: [NONE; NARROW_CHILDREN],
        };
        node.insert(byte(key, shift), page);
        node.insert(byte(other, shift), link);
        node.occupied = 0b11;
        NARROW << 30 | put(&mut self.narrow, &mut self.free_narrow, node)
    }

    /// Adds a child to a node; returns the node, which becomes a wide one if it was full.
    fn adopt(&mut self, link: Link, byte: u8, page: u32) -> Link {
        let number = (link & NUMBER) as usize;
        if link >> 30 == NARROW {
            let node = &mut self.narrow[number];
            if (node.children as usize) < NARROW_CHILDREN {
                node.insert(byte, page);
                return link;
            }
            let wide = node.widened();
            self.free_narrow.push(number as u32);
            let link = WIDE << 30 | put(&mut self.wide, &mut self.free_wide, wide);
            return self.adopt(link, byte, page);
        }
        let node = &mut self.wide[number];
        node.links[byte as usize] = page;
        node.children += 1;
        link
    }

    /// Removes a child from its node. If one child is left, frees the node and returns that child.
    fn disown(&mut self, node: Link, child: usize) -> Option<Link> {
        let number = (node & NUMBER) as usize;
        self.set_unoccupied(node, child);
        if node >> 30 == NARROW {
            let narrow = &mut self.narrow[number];
            narrow.remove(child);
            if narrow.children > 1 {
                return None;
            }
            self.free_narrow.push(number as u32);
            return Some(narrow.links[0]);
        }
        let wide = &mut self.wide[number];
        wide.links[child] = NONE;
        wide.children -= 1;
        if wide.children > 1 {
            return None;
        }
        self.free_wide.push(number as u32);
        wide.links.iter().copied().find(|&link| link != NONE)
    }

    fn prefix(&self, link: Link) -> (u64, u32) {
        let number = (link & NUMBER) as usize;
        if link >> 30 == NARROW {
            (self.narrow[number].prefix, self.narrow[number].shift)
        } else {
            (self.wide[number].prefix, self.wide[number].shift)
        }
    }

    fn child(&self, link: Link, byte: u8) -> Option<usize> {
        let number = (link & NUMBER) as usize;
        if link >> 30 == NARROW {
            self.narrow[number].place(byte)
        } else {
            (self.wide[number].links[byte as usize] != NONE).then_some(byte as usize)
        }
    }

    /// The first child whose byte is at least this byte.
    fn first_child_from(&self, link: Link, byte: usize) -> Option<Link> {
        let number = (link & NUMBER) as usize;
        if link >> 30 == NARROW {
            let node = &self.narrow[number];
            let place = node.bytes[..node.children as usize].partition_point(|&own| (own as usize) < byte);
            node.links[..node.children as usize].get(place).copied()
        } else {
            self.wide[number].links.get(byte..)?.iter().copied().find(|&link| link != NONE)
        }
    }

    fn is_unoccupied(&self, node: Link) -> bool {
        let number = (node & NUMBER) as usize;
        if node >> 30 == NARROW { self.narrow[number].occupied == 0 } else { self.wide[number].occupied == [0; 4] }
    }

    fn set_unoccupied(&mut self, node: Link, child: usize) {
        let number = (node & NUMBER) as usize;
        if node >> 30 == NARROW {
            self.narrow[number].occupied &= !(1 << child);
        } else {
            self.wide[number].occupied[child / 64] &= !(1 << (child % 64));
        }
    }

    fn link(&self, place: Place) -> Link {
        match place {
            Place::Root => self.root,
            Place::Child(node, child) if node >> 30 == NARROW => self.narrow[(node & NUMBER) as usize].links[child],
            Place::Child(node, child) => self.wide[(node & NUMBER) as usize].links[child],
        }
    }

    fn set(&mut self, place: Place, link: Link) {
        match place {
            Place::Root => self.root = link,
            Place::Child(node, child) if node >> 30 == NARROW => {
                self.narrow[(node & NUMBER) as usize].links[child] = link;
            }
            Place::Child(node, child) => self.wide[(node & NUMBER) as usize].links[child] = link,
        }
    }
}

/// The first of 64 children, from this place on, that is a page with orders or a node marked as occupied.
#[inline]
fn occupied_child(occupied: &mut u64, links: &[Link], from: usize, pages: &mut [Page]) -> Option<(usize, Link)> {
    let mut children = *occupied & u64::MAX << from;
    while children != 0 {
        let place = children.trailing_zeros() as usize;
        let below = *links.get(place)?;
        let Some(page) = pages.get_mut(below as usize) else { return Some((place, below)) };
        if !page.is_empty() {
            return Some((place, below));
        }
        page.marked = page.marked.saturating_sub(1);
        *occupied &= !(u64::from(page.marked == 0) << place);
        children &= children - 1;
    }
    None
}

impl Wide {
    #[inline]
    fn find(&self, key: u64) -> Option<Link> {
        (key >> self.shift >> 8 == self.prefix).then(|| self.links[(key >> self.shift) as usize & 255])
    }

    #[inline]
    fn fill(&mut self, key: u64) -> Option<Link> {
        let place = (key >> self.shift) as usize & 255;
        let link = self.find(key)?;
        self.occupied[place / 64] |= u64::from(link != NONE) << (place % 64);
        Some(link)
    }
}

impl Narrow {
    #[inline]
    fn find(&self, key: u64) -> Option<Link> {
        let place = self.place(byte(key, self.shift))?;
        (key >> self.shift >> 8 == self.prefix).then(|| self.links[place])
    }

    #[inline]
    fn fill(&mut self, key: u64) -> Option<Link> {
        let place = self.place(byte(key, self.shift))?;
        let is_here = key >> self.shift >> 8 == self.prefix;
        self.occupied |= u64::from(is_here) << place;
        is_here.then(|| self.links[place])
    }

    #[inline]
    fn place(&self, byte: u8) -> Option<usize> {
        let mut same = 0_u32;
        for (place, &own) in self.bytes.iter().enumerate() {
            same |= u32::from(own == byte) << place;
        }
        same &= (1 << self.children) - 1;
        (same != 0).then_some(same.trailing_zeros() as usize)
    }

    /// Inserts a child. There must be room, and no child with this byte.
    fn insert(&mut self, byte: u8, link: Link) {
        let children = self.children as usize;
        let place = self.bytes[..children].partition_point(|&own| own < byte);
        self.bytes.copy_within(place..children, place + 1);
        self.links.copy_within(place..children, place + 1);
        (self.bytes[place], self.links[place]) = (byte, link);
        let below = (1 << place) - 1;
        self.occupied = self.occupied & below | (self.occupied & !below) << 1;
        self.children += 1;
    }

    fn remove(&mut self, place: usize) {
        let children = self.children as usize;
        self.bytes.copy_within(place + 1..children, place);
        self.links.copy_within(place + 1..children, place);
        let below = (1 << place) - 1;
        self.occupied = self.occupied & below | (self.occupied >> 1) & !below;
        self.children -= 1;
    }

    fn widened(&self) -> Wide {
        let mut wide = Wide {
            prefix: self.prefix,
            shift: self.shift,
            children: self.children,
            occupied: [0; 4],
            links: [NONE; 256],
        };
        for place in 0..self.children as usize {
            let byte = self.bytes[place] as usize;
            wide.links[byte] = self.links[place];
            wide.occupied[byte / 64] |= (self.occupied >> place & 1) << (byte % 64);
        }
        wide
    }
}

#[inline]
fn byte(key: u64, shift: u32) -> u8 {
    (key >> shift) as u8
}

fn put<T>(nodes: &mut Vec<T>, free: &mut Vec<u32>, node: T) -> u32 {
    if let Some(number) = free.pop() {
        nodes[number as usize] = node;
        return number;
    }
    nodes.push(node);
    // Reserved now, so that freeing the node does not allocate.
    free.reserve(nodes.len());
    (nodes.len() - 1) as u32
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::book::cells::{Cells, Position};
    use lugus_vocabulary::{Quantity, Side};

    /// Keys that differ in few bytes at all positions, so that nodes branch everywhere and some become wide.
    fn key(n: u64) -> u64 {
        let place = n % 7 * 8;
        let near = n / 7 % 40;
        (near << place) ^ (n % 3) << 40
    }

    #[test]
    #[cfg_attr(miri, ignore = "computes for long, and reaches no memory that the books of `tests.rs` do not")]
    fn pages_are_found_while_others_come_and_go() {
        let mut cells = Cells::new(1_000);
        let mut tree = PageTree::new();
        let mut there = BTreeMap::new();
        let mut random = 1_u64;
        for _ in 0..20_000 {
            random = random.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
            let key = key(random >> 33);
            assert_eq!(tree.find(key, cells.pages()), there.get(&key).copied());
            if let Some(page) = there.remove(&key) {
                tree.remove(page, cells.pages());
                cells.free_page(page);
            } else {
                let page = cells.take_page(key);
                tree.insert(page, cells.pages_mut());
                there.insert(key, page);
            }
            assert_eq!(tree.pages(), there.values().copied().collect::<Vec<_>>());
            if random >> 60 == 0 {
                let first = there.values().next().copied();
                let walked = std::iter::successors(first, |&page| tree.after(page, cells.pages()));
                assert!(walked.eq(there.values().copied()));
            }
            assert!(tree.nodes() < there.len().max(1));
        }
        assert!(!tree.wide.is_empty() && !tree.free_narrow.is_empty());
    }

    #[test]
    #[cfg_attr(miri, ignore = "computes for long, and reaches no memory that the books of `tests.rs` do not")]
    fn the_next_page_with_orders_is_found_however_they_were_emptied() {
        let mut cells = Cells::new(1_000);
        let mut tree = PageTree::new();
        let keys: BTreeMap<u64, u64> = (0..280).map(|n| (key(n), n)).collect();
        let mut pages = BTreeMap::new();
        for &key in keys.keys() {
            let page = cells.take_page(key);
            tree.insert(page, cells.pages_mut());
            pages.insert(key, page);
        }
        let first = *pages.values().next().expect("there are some");
        assert_eq!(tree.occupied_after(first, cells.pages_mut()), None);
        let mut random = 1_u64;
        let mut occupied = BTreeMap::new();
        for _ in 0..5_000 {
            random = random.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
            let key = key((random >> 33) % 280);
            let page = pages[&key];
            if let Some(slot) = occupied.remove(&key) {
                let stand = cells.alone(slot).expect("it is its own level");
                assert_eq!((stand.side(), stand.position()), (Side::Sell, cells.position_of(slot)));
                cells.vacate(stand.position());
                cells.free(slot);
            } else {
                let slot = cells.take(0, 1);
                let position = Position { page, place: random as u8 };
                let is_marked = cells.open_level(position, Side::Sell, slot, Quantity(1));
                if !is_marked {
                    tree.mark(page, cells.pages_mut());
                }
                occupied.insert(key, slot);
            }
            if random.is_multiple_of(3) {
                let (&from, &page) =
                    pages.iter().nth((random >> 40) as usize % pages.len()).expect("there are so many");
                let next = occupied.range(from + 1..).next().map(|(key, _)| pages[key]);
                assert_eq!(tree.occupied_after(page, cells.pages_mut()), next);
            }
        }
    }
}
