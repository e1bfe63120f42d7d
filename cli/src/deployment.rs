//! Finds and reads the deployment that a command works on.

use std::path::{Path, PathBuf};

use lugus_topology::{ClusterId, ClusterSpec, CoordinatorSpec, Deployment};

use crate::failure::Failure;

/// Deployment file written by the user, in the current folder.
const HERE: &str = "cluster.toml";

/// Deployment file written by `lugus up`, in the folder that also holds all state.
const MADE: &str = ".lugus/cluster.toml";

/// A deployment and the file that it was read from.
pub struct DeploymentFile {
    /// The deployment's file.
    pub path: PathBuf,
    /// The contents of the file.
    pub deployment: Deployment,
}

impl DeploymentFile {
    /// The first cluster, through which flows are replayed.
    ///
    /// # Errors
    /// When the file describes no cluster.
    pub fn cluster(&self) -> Result<ClusterSpec, Failure> {
        self.deployment.cluster_specs().into_iter().next().ok_or_else(|| {
            Failure::new(format!("{}: no [[cluster]]", self.path.display()))
                .hint("add one, as docs/configuration.md describes")
        })
    }

    /// The coordinator of the deployment.
    ///
    /// # Errors
    /// When the file describes no coordinator.
    pub fn coordinator(&self) -> Result<CoordinatorSpec, Failure> {
        match self.deployment.coordinator {
            Some(_) => Ok(self.deployment.coordinator_spec()),
            None => Err(Failure::new(format!("{}: no [coordinator]", self.path.display()))
                .hint("add one, as docs/configuration.md describes; a single cluster needs none")),
        }
    }

    /// A cluster by its number alone.
    ///
    /// # Errors
    /// When the file describes no such cluster.
    pub fn cluster_with_id(&self, id: i32) -> Result<ClusterSpec, Failure> {
        self.deployment
            .cluster(ClusterId(id))
            .ok_or_else(|| Failure::new(format!("{}: no [[cluster]] with id {id}", self.path.display())))
    }

    /// A cluster by its number or its name.
    ///
    /// # Errors
    /// When the file describes no such cluster.
    pub fn cluster_named(&self, name: &str) -> Result<ClusterSpec, Failure> {
        if let Ok(id) = name.parse() {
            return self.cluster_with_id(id);
        }
        let clusters = self.deployment.cluster_specs();
        let known: Vec<String> = clusters.iter().map(|cluster| cluster.name.clone()).collect();
        clusters.into_iter().find(|cluster| cluster.name == name).ok_or_else(|| {
            Failure::new(format!("{}: no [[cluster]] with name {name}", self.path.display()))
                .hint(format!("give a number, or one of these names: {}", known.join(", ")))
        })
    }

    /// The name of a cluster, by which people are told of it; its number if the file does not describe it.
    pub fn cluster_name(&self, id: ClusterId) -> String {
        self.deployment.cluster(id).map_or_else(|| id.to_string(), |cluster| cluster.name)
    }
}

/// The file that the user named, or the one in the current folder.
pub fn path(named: Option<&Path>) -> PathBuf {
    match named {
        Some(path) => path.to_path_buf(),
        None if Path::new(HERE).is_file() => PathBuf::from(HERE),
        None => PathBuf::from(MADE),
    }
}

/// Reads the deployment that a command works on.
///
/// # Errors
/// When there is no such file, or its contents are invalid.
pub fn find(named: Option<&Path>) -> Result<DeploymentFile, Failure> {
    let path = path(named);
    if !path.is_file() {
        return Err(Failure::new(format!("there is no deployment: {} does not exist", path.display()))
            .hint("run `lugus up` to make one and start it, or name a file with --config"));
    }
    let deployment = Deployment::load(&path).map_err(Failure::new)?;
    Ok(DeploymentFile { path, deployment })
}
