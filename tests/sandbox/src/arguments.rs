//! What was typed.

use std::{ffi::OsString, net::SocketAddr, time::Duration};

use azure_sandbox::{Fleet, Host, Settings};
use lexopt::{Arg, Parser, ValueExt as _};

pub(crate) const HELP: &str = "\
A local Azure: managed identity, Resource Manager and Graph as they are on the wire.

Usage:
  azure-sandbox serve [OPTIONS]
      Serves until it is interrupted, and prints the variables to use it with.

  azure-sandbox exec [--as HOST] [OPTIONS] -- PROGRAM [ARGUMENTS]
      Runs PROGRAM with the variables that such a host would set, and ends with
      it: its exit code is the sandbox's own.

Options:
  --as HOST               vm, vm-extension, container-app, app-service-2017, ml,
                          cloud-shell, arc, service-fabric or aks [container-app]
  --listen ADDRESS        Address and port; port 0 takes a free one
                          [serve: 127.0.0.1:4580, exec: 127.0.0.1:0]
  --vm-extension ADDRESS  Where the virtual machine extension listens; its real
                          port is 50342 [a free one]
  --operation-takes TIME  How long an operation takes, such as 500ms or 8s [8s]
  --fleet NUMBER[xNUMBER] So many more virtual machines, fleet-00001 and so on, in
                          one subscription; 1000x5: 1000 in all, dealt over 5
  --users NUMBER          So many users instead of 2000; those beyond are of the
                          department Workforce
  --token-lifetime TIME   How long tokens last [86400s]
  -h, --help              This text
  -V, --version           The version

Faults can be asked for while it runs:
  curl -d '{\"service\":\"graph\",\"fault\":{\"throttleSeconds\":3},\"times\":1}' URL/sandbox/faults
  services: token, instance, virtualMachines, actions, operations, resourceGraph, graph
  faults:   delayMilliseconds, throttleSeconds, reset, close, loseAnswer,
            truncate, truncateAtByte, truncateChunkedAtByte, redirect, oversizeBytes,
            answer, alter, arc
";

/// What is to be done.
pub(crate) enum Arguments {
    Help,
    Version,
    Serve(Settings),
    Exec {
        settings: Settings,
        host: Host,
        program: Vec<OsString>,
    },
}

impl Arguments {
    /// Reads the words after the program's name.
    pub(crate) fn parse(words: impl IntoIterator<Item = OsString>) -> Result<Self, lexopt::Error> {
        let mut parser = Parser::from_args(words);
        match parser.next()? {
            None | Some(Arg::Short('h') | Arg::Long("help")) => Ok(Self::Help),
            Some(Arg::Short('V') | Arg::Long("version")) => Ok(Self::Version),
            Some(Arg::Value(verb)) if verb == "serve" => {
                let options =
                    Options::parse(&mut parser, SocketAddr::from(([127, 0, 0, 1], 4580)))?;
                match options.program.first() {
                    None => Ok(options
                        .help
                        .map_or(Self::Serve(options.settings), |()| Self::Help)),
                    Some(word) => {
                        Err(format!("serve takes no program, found {}", word.display()).into())
                    }
                }
            }
            Some(Arg::Value(verb)) if verb == "exec" => {
                let options = Options::parse(&mut parser, SocketAddr::from(([127, 0, 0, 1], 0)))?;
                if options.help.is_some() {
                    return Ok(Self::Help);
                }
                if options.program.is_empty() {
                    return Err("exec needs a program after --".into());
                }
                Ok(Self::Exec {
                    settings: options.settings,
                    host: options.host,
                    program: options.program,
                })
            }
            Some(other) => Err(other.unexpected()),
        }
    }
}

struct Options {
    settings: Settings,
    host: Host,
    program: Vec<OsString>,
    help: Option<()>,
}

impl Options {
    fn parse(parser: &mut Parser, listen: SocketAddr) -> Result<Self, lexopt::Error> {
        let mut options = Self {
            settings: Settings {
                listen,
                operation_takes: Duration::from_secs(8),
                ..Settings::default()
            },
            host: Host::ContainerApp,
            program: Vec::new(),
            help: None,
        };
        while let Some(argument) = parser.next()? {
            match argument {
                Arg::Long("as") => options.host = parser.value()?.parse_with(host)?,
                Arg::Long("listen") => options.settings.listen = parser.value()?.parse()?,
                Arg::Long("vm-extension") => {
                    options.settings.vm_extension_listen = Some(parser.value()?.parse()?);
                }
                Arg::Long("operation-takes") => {
                    options.settings.operation_takes = parser.value()?.parse_with(duration)?;
                }
                Arg::Long("fleet") => {
                    options.settings.fleet = Some(parser.value()?.parse_with(fleet)?);
                }
                Arg::Long("users") => options.settings.users = Some(parser.value()?.parse()?),
                Arg::Long("token-lifetime") => {
                    options.settings.token_lifetime = parser.value()?.parse_with(duration)?;
                }
                Arg::Short('h') | Arg::Long("help") => options.help = Some(()),
                Arg::Value(program) => {
                    options.program.push(program);
                    options.program.extend(parser.raw_args()?);
                }
                _ => return Err(argument.unexpected()),
            }
        }
        Ok(options)
    }
}

fn host(text: &str) -> Result<Host, &'static str> {
    match text {
        "vm" => Ok(Host::Vm),
        "vm-extension" => Ok(Host::VmExtension),
        "container-app" => Ok(Host::ContainerApp),
        "app-service-2017" => Ok(Host::AppService2017),
        "ml" => Ok(Host::MachineLearning),
        "arc" => Ok(Host::Arc),
        "service-fabric" => Ok(Host::ServiceFabric),
        "aks" => Ok(Host::Aks),
        "cloud-shell" => Ok(Host::CloudShell),
        _ => Err("expected one of the hosts that the help lists"),
    }
}

fn fleet(text: &str) -> Result<Fleet, &'static str> {
    const EXPECTED: &str = "expected a number such as 10000 or, over 5 subscriptions, 1000x5";
    let number = |digits: &str| digits.parse().ok().filter(|number| *number > 0);
    let (machines, subscriptions) = text.split_once('x').unwrap_or((text, "1"));
    Ok(Fleet {
        machines: number(machines).ok_or(EXPECTED)?,
        subscriptions: number(subscriptions).ok_or(EXPECTED)?,
    })
}

fn duration(text: &str) -> Result<Duration, &'static str> {
    let number = |digits: &str| {
        digits
            .parse()
            .map_err(|_| "expected a time such as 500ms or 8s")
    };
    match text.strip_suffix("ms") {
        Some(digits) => number(digits).map(Duration::from_millis),
        None => number(text.trim_end_matches('s')).map(Duration::from_secs),
    }
}
