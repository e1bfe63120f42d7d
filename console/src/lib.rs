//! What an operator looks at: the clusters of a deployment, their members, the partition map, curves, events and books, as a page
//! in a browser and in a terminal. It only reads: shared memory, what members tell, and what anyone may see of a market.
//!
//! | file | what it is |
//! |---|---|
//! | [`model`] | what is known: observations in, views out, without I/O |
//! | [`ladder`] | a book as it is shown |
//! | [`sources`] | the threads that look |
//! | [`server`] | the page, over HTTP with a token |
//! | [`top`] | the same model in a terminal |

pub mod ladder;
pub mod model;
pub mod server;
pub mod sources;
pub mod top;
