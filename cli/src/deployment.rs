//! Which deployment a command is about.

use std::path::{Path, PathBuf};

use lugus_topology::{ClusterId, ClusterSpec, CoordinatorSpec, Deployment};

use crate::failure::Failure;

/// The deployment's file, when somebody wrote one here.
const HERE: &str = "cluster.toml";

/// The file that `lugus up` writes, in the folder of all state.
const MADE: &str = ".lugus/cluster.toml";

/// A deployment, and the file that it is from.
pub struct Found {
    /// The file.
    pub path: PathBuf,
    /// What it says.
    pub deployment: Deployment,
}

impl Found {
    /// The cluster that a flow is replayed through: the first.
    ///
    /// # Errors
    /// When the file has none.
    pub fn cluster(&self) -> Result<ClusterSpec, Failure> {
        self.deployment.cluster_specs().into_iter().next().ok_or_else(|| {
            Failure::new(format!("{}: no [[cluster]]", self.path.display()))
                .hint("docs/configuration.md shows what belongs in it")
        })
    }

    /// The coordinator.
    ///
    /// # Errors
    /// When the file has none.
    pub fn coordinator(&self) -> Result<CoordinatorSpec, Failure> {
        match self.deployment.coordinator {
            Some(_) => Ok(self.deployment.coordinator_spec()),
            None => Err(Failure::new(format!("{}: no [coordinator]", self.path.display()))
                .hint("add one (docs/configuration.md); one cluster alone needs none")),
        }
    }

    /// A cluster by its number.
    ///
    /// # Errors
    /// When the file has none such.
    pub fn cluster_with_id(&self, id: i32) -> Result<ClusterSpec, Failure> {
        self.deployment
            .cluster(ClusterId(id))
            .ok_or_else(|| Failure::new(format!("{}: no [[cluster]] with id {id}", self.path.display())))
    }
}

/// The file that was named, or the one that is here.
pub fn path(named: Option<&Path>) -> PathBuf {
    match named {
        Some(path) => path.to_path_buf(),
        None if Path::new(HERE).is_file() => PathBuf::from(HERE),
        None => PathBuf::from(MADE),
    }
}

/// Reads the deployment that a command is about.
///
/// # Errors
/// When there is none, or something is wrong with it.
pub fn find(named: Option<&Path>) -> Result<Found, Failure> {
    let path = path(named);
    if !path.is_file() {
        return Err(Failure::new(format!("there is no deployment: {} does not exist", path.display()))
            .hint("`lugus up` makes one and starts it, or name a file with --config"));
    }
    let deployment = Deployment::load(&path).map_err(Failure::new)?;
    Ok(Found { path, deployment })
}
