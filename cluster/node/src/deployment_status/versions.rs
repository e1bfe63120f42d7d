//! What versions the members of each cluster have, and what the operator has to do next.

use super::{Cluster, Member, Status};

/// Versions of the running members of a cluster.
#[derive(Debug)]
pub struct ClusterVersions<'s> {
    cluster: &'s Cluster,
    members: Vec<&'s Member>,
}

impl Status {
    /// The versions of a cluster's members.
    pub fn versions<'s>(&'s self, cluster: &'s Cluster) -> ClusterVersions<'s> {
        let members = self.members.iter().filter(|member| member.cluster == cluster.id).collect();
        ClusterVersions { cluster, members }
    }

    /// What there is to say of versions: nothing, if each cluster's members have the same, and use all that they know.
    pub fn version_notes(&self) -> impl Iterator<Item = String> {
        self.clusters.iter().filter_map(|cluster| self.versions(cluster).note())
    }
}

impl ClusterVersions<'_> {
    /// The latest version of order entry that each member knows; `None` while a member does not tell its versions.
    pub fn known_to_all(&self) -> Option<u16> {
        self.members.iter().map(|member| member.known_protocol_version).min().flatten()
    }

    /// The active version: the lowest that a member tells, as members that are behind in the log tell an earlier one.
    pub fn active(&self) -> Option<u16> {
        self.members.iter().filter_map(|member| member.active_protocol_version).min()
    }

    /// The numbers of members that do not tell their versions: they do not run, are starting, or are too old.
    pub fn silent(&self) -> Vec<i32> {
        let silent = self.members.iter().filter(|member| member.known_protocol_version.is_none());
        silent.map(|member| member.id).collect()
    }

    /// Each member with its version.
    pub fn list(&self) -> String {
        let shown = |member: &&Member| {
            let version = member.program_version.as_deref().unwrap_or("unknown");
            match member.known_protocol_version {
                Some(known) => format!("member {}: {version}, which knows version {known}", member.id),
                None => format!("member {}: {version}", member.id),
            }
        };
        self.members.iter().map(shown).collect::<Vec<_>>().join("; ")
    }

    fn note(&self) -> Option<String> {
        let name = &self.cluster.name;
        let mut programs: Vec<_> = self.members.iter().filter_map(|member| member.program_version.as_deref()).collect();
        programs.sort_unstable();
        programs.dedup();
        if programs.len() > 1 {
            return Some(format!("{name}: the members have different versions of Lugus ({})", self.list()));
        }
        let (known, active) = (self.known_to_all()?, self.active()?);
        (known > active).then(|| {
            format!(
                "{name}: all members know version {known} of order entry, and {active} is active; `lugus activate` makes {known} \
                 active, and then no member can go back to an older version of Lugus"
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use lugus_topology::{ClusterId, Deployment};
    use lugus_vocabulary::{MemberStatus, MemberVersions, ProgramVersion, ProtocolVersion};

    use super::*;

    /// Three members, whose programs have these minor versions and know these versions of order entry.
    fn status(members: [Option<(u8, u16)>; 3], active: u16) -> Status {
        let spec = Deployment::default_local(3, 20_100).cluster(ClusterId(0)).unwrap();
        let versions = |(minor, known)| MemberVersions {
            program: ProgramVersion { major: 0, minor, patch: 0 },
            known: ProtocolVersion(known),
            active: ProtocolVersion(active),
        };
        Status::collect(std::slice::from_ref(&spec), |_, member| {
            let versions = members[member.id.0 as usize].map(versions);
            Ok(Some(MemberStatus { versions, ..MemberStatus::default() }))
        })
        .unwrap()
    }

    fn note(status: &Status) -> String {
        status.version_notes().collect()
    }

    #[test]
    fn members_that_have_the_same_versions_and_use_them_are_not_told_of() {
        let status = status([Some((1, 3)); 3], 3);
        assert_eq!(note(&status), "");
        assert!(status.members.iter().all(|member| member.program_version.as_deref() == Some("0.1.0")));
    }

    #[test]
    fn an_upgrade_is_told_of_at_each_step() {
        let begun = note(&status([Some((2, 4)), Some((1, 3)), Some((1, 3))], 3));
        assert!(
            begun.contains("different versions") && begun.contains("member 0: 0.2.0, which knows version 4"),
            "{begun}"
        );
        let done = note(&status([Some((2, 4)); 3], 3));
        assert!(done.contains("`lugus activate`"), "{done}");
        assert_eq!(note(&status([Some((2, 4)); 3], 4)), "");
    }

    #[test]
    fn nothing_is_known_to_all_while_a_member_is_silent() {
        let status = status([Some((2, 4)), None, Some((2, 4))], 3);
        let versions = status.versions(&status.clusters[0]);
        assert_eq!((versions.known_to_all(), versions.active(), versions.silent()), (None, Some(3), vec![1]));
    }
}
