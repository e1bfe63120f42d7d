//! A live instrument goes from one engine to another: the engines' part of it.
//!
//! The engine that has the instrument *fences* it: from then on a command for it is answered
//! [`lugus_vocabulary::Reply::Moved`], uses no number and changes nothing, so that every export of the instrument is the
//! same. The other engine imports it record by record, and answers likewise until it is told to *activate* it. Then the
//! first engine *drops* it, and remembers which partition map says where the instrument has moved to.
//!
//! Every step names its migration, whose numbers only go up, and may be repeated or come late: each engine remembers of
//! each instrument the last migration that has ended ([`migration_states`]). Steps have no number in a scope and cause no
//! events, but what they change is part of the state hash and of the snapshot. A long step is done in parts, each of
//! bounded work.
//!
//! | file | idea |
//! |---|---|
//! | `migration_states` | the state of each instrument that was ever moved |
//! | `steps` | fence, unfence, activate, drop: from one state to the next |
//! | `export`, `import` | the instrument itself, record by record |
//! | `copy_ahead`, `ahead`, `import_ahead` | the same before the fence, while the instrument is traded, and what is new or changed after it |
//! | `queues`, `record_checksum` | what both sides go through and compare |
//! | `refusal` | why a step changed nothing |

pub(crate) mod ahead;
pub(crate) mod copy_ahead;
pub(crate) mod export;
pub(crate) mod import;
pub(crate) mod import_ahead;
pub(crate) mod migration_states;
pub(crate) mod queues;
pub(crate) mod record_checksum;
pub(crate) mod refusal;
pub(crate) mod steps;
