//! Results of benchmarks: one format for all of them ([`Results`]), the file that keeps it, the machine that they were measured on
//! ([`Machine`]), and what is slower in one file than in another beyond the noise ([`compare`]).

mod comparison;
mod file;
mod machine;
mod origin;
mod rank_sum;
mod results;
mod spread;

pub use comparison::{Compared, Comparison, Verdict, compare};
pub use file::{FILE_NAME, MAXIMUM_LENGTH, ReadError, WriteError, path_of, read, write};
pub use machine::Machine;
pub use origin::{commit_of_program, now};
pub use results::{Measurement, PartOfRun, Results, SCHEMA};
pub use spread::Spread;
