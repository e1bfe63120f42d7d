//! The machine that figures were measured on, as far as it influences them.

use std::fs;
use std::process::Command;
use std::thread;

use serde::{Deserialize, Serialize};

/// What a figure depends on besides the program and its settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// Model of the processor.
    pub cpu_model: String,
    /// Number of logical processors that this process may use.
    pub cores: usize,
    /// Whether cores run two threads at once; absent where the kernel does not tell.
    pub hyper_threads: Option<bool>,
    /// Whether this is a virtual machine.
    pub virtual_machine: bool,
    /// Release of the kernel.
    pub kernel: String,
    /// Memory, in bytes.
    pub memory_bytes: u64,
    /// Name and version of the operating system.
    pub os: String,
    /// First line of `java -version`; absent where there is no Java.
    pub jdk: Option<String>,
    /// The scheduler of the processor's frequency; absent where the frequency is not the kernel's, as in virtual machines.
    pub governor: Option<String>,
    /// Clock that the kernel reads: `tsc` takes 20 ns, others a microsecond.
    pub clock_source: Option<String>,
    /// Use of transparent huge pages: `always`, `madvise` or `never`.
    pub transparent_huge_pages: Option<String>,
}

/// Text for what a machine does not tell.
const UNKNOWN: &str = "unknown";

impl Machine {
    /// This machine, as it is now.
    pub fn here() -> Self {
        let text = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let one = |path: &str| Some(text(path).trim().to_owned()).filter(|text| !text.is_empty());
        let processors = text("/proc/cpuinfo");
        Self {
            cpu_model: cpu_model(&processors).unwrap_or_else(|| UNKNOWN.to_owned()),
            cores: thread::available_parallelism().map_or(0, usize::from),
            hyper_threads: one("/sys/devices/system/cpu/smt/active").map(|active| active == "1"),
            virtual_machine: is_virtual(&processors),
            kernel: one("/proc/sys/kernel/osrelease").unwrap_or_else(|| UNKNOWN.to_owned()),
            memory_bytes: memory_bytes(&text("/proc/meminfo")).unwrap_or(0),
            os: os(&text("/etc/os-release")).unwrap_or_else(|| UNKNOWN.to_owned()),
            jdk: jdk(),
            governor: one("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
            clock_source: one("/sys/devices/system/clocksource/clocksource0/current_clocksource"),
            transparent_huge_pages: chosen(&text("/sys/kernel/mm/transparent_hugepage/enabled")),
        }
    }

    /// What differs between two machines, so that their figures can't be compared, in words. The size of memory may differ by a hundredth,
    /// as the kernel keeps some of it for itself.
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "none".to_owned());
        let fields = |machine: &Self| {
            [
                ("processor", machine.cpu_model.clone()),
                ("cores", machine.cores.to_string()),
                ("hyper-threads", machine.hyper_threads.map_or_else(|| UNKNOWN.to_owned(), |on| on.to_string())),
                ("virtual machine", machine.virtual_machine.to_string()),
                ("kernel", machine.kernel.clone()),
                ("operating system", machine.os.clone()),
                ("JDK", text(&machine.jdk)),
                ("governor", text(&machine.governor)),
                ("clock source", text(&machine.clock_source)),
                ("transparent huge pages", text(&machine.transparent_huge_pages)),
            ]
        };
        let mut differences: Vec<String> = fields(self)
            .into_iter()
            .zip(fields(other))
            .filter(|((_, one), (_, two))| one != two)
            .map(|((name, one), (_, two))| format!("{name}: {one} and {two}"))
            .collect();
        let (one, two) = (self.memory_bytes, other.memory_bytes);
        if one.abs_diff(two) > one.max(two) / 100 {
            differences.push(format!("memory: {one} and {two} bytes"));
        }
        differences
    }
}

/// Model of the first processor in `/proc/cpuinfo`. Those of ARM have no name there, but the numbers of maker and part.
fn cpu_model(cpuinfo: &str) -> Option<String> {
    let value = |name: &str| field(cpuinfo, name).map(str::to_owned);
    value("model name")
        .or_else(|| Some(format!("ARM implementer {}, part {}", value("CPU implementer")?, value("CPU part")?)))
}

/// Whether `/proc/cpuinfo` has the flag that hypervisors set.
fn is_virtual(cpuinfo: &str) -> bool {
    field(cpuinfo, "flags").is_some_and(|flags| flags.split_whitespace().any(|flag| flag == "hypervisor"))
}

/// `MemTotal` of `/proc/meminfo`, in bytes.
fn memory_bytes(meminfo: &str) -> Option<u64> {
    let kibibytes: u64 = field(meminfo, "MemTotal")?.strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1_024)
}

/// `PRETTY_NAME` of `/etc/os-release`.
fn os(release: &str) -> Option<String> {
    let name = release.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="))?;
    Some(name.trim_matches('"').to_owned())
}

/// The value in brackets, as files of `/sys` show the chosen one of several.
fn chosen(values: &str) -> Option<String> {
    Some(values.split_once('[')?.1.split_once(']')?.0.to_owned())
}

/// The value of the first line `name : value`.
fn field<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    text.lines().find_map(|line| {
        let (found, value) = line.split_once(':')?;
        (found.trim() == name).then(|| value.trim())
    })
}

/// First line of `java -version`, which is the version of the Java that members run on unless their configuration names another.
fn jdk() -> Option<String> {
    let output = Command::new("java").arg("-version").output().ok()?;
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    output.status.success().then(|| text.lines().next().unwrap_or_default().trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const XEON: &str = "processor\t: 0\nvendor_id\t: GenuineIntel\nmodel\t\t: 85\nmodel name\t: Intel(R) Xeon(R) Processor @ 2.50GHz\n\
                        flags\t\t: fpu vme de hypervisor lahf_lm\n\nprocessor\t: 1\nmodel name\t: another\n";
    const GRAVITON: &str =
        "processor\t: 0\nBogoMIPS\t: 243.75\nFeatures\t: fp asimd\nCPU implementer\t: 0x41\nCPU part\t: 0xd0c\n";

    #[test]
    fn the_processor_is_read_from_files_of_both_architectures() {
        assert_eq!(cpu_model(XEON).as_deref(), Some("Intel(R) Xeon(R) Processor @ 2.50GHz"));
        assert!(is_virtual(XEON));
        assert_eq!(cpu_model(GRAVITON).as_deref(), Some("ARM implementer 0x41, part 0xd0c"));
        assert!(!is_virtual(GRAVITON));
        assert_eq!(cpu_model(""), None);
    }

    #[test]
    fn memory_system_and_choices_are_read() {
        assert_eq!(memory_bytes("MemTotal:       24683652 kB\nMemFree: 1 kB\n"), Some(24_683_652 * 1_024));
        assert_eq!(memory_bytes("MemTotal: many\n"), None);
        assert_eq!(os("NAME=\"x\"\nPRETTY_NAME=\"Debian GNU/Linux 12\"\n").as_deref(), Some("Debian GNU/Linux 12"));
        assert_eq!(chosen("always [madvise] never\n").as_deref(), Some("madvise"));
        assert_eq!(chosen("").as_deref(), None);
    }

    #[test]
    fn this_machine_has_processors_memory_and_a_kernel_and_is_like_itself() {
        let here = Machine::here();
        assert!(here.cores > 0 && here.memory_bytes > 0, "{here:?}");
        assert_ne!(here.kernel, UNKNOWN);
        assert!(here.differences(&Machine::here()).is_empty());
    }

    #[test]
    fn differences_name_what_differs() {
        let here = Machine::here();
        let slower = Machine { governor: Some("powersave".to_owned()), cores: here.cores + 2, ..here.clone() };
        let differences = here.differences(&slower);
        assert_eq!(differences.len(), 2, "{differences:?}");
        assert!(differences[0].starts_with("cores: "), "{differences:?}");
        assert!(differences[1].ends_with("and powersave"), "{differences:?}");
        let with_other_kernel_memory = Machine { memory_bytes: here.memory_bytes - 4_096, ..here.clone() };
        assert!(here.differences(&with_other_kernel_memory).is_empty());
        let half = Machine { memory_bytes: here.memory_bytes / 2, ..here.clone() };
        assert_eq!(here.differences(&half).len(), 1);
    }
}
