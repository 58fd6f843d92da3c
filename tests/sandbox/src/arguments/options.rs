//! What both commands can be told of the Azure that they start.

use std::{net::SocketAddr, time::Duration};

use azure_sandbox::{Cloud, Fleet, Host, PageLinks, Settings};
use clap::{Args, ValueEnum};

use super::Place;

#[derive(Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(super) struct Options {
    /// The host that the program is on, which sets its variables
    #[arg(long = "as", value_name = "HOST", default_value = "container-app")]
    host: HostName,
    /// Lead the program to Azure's own names, over TLS
    #[arg(long)]
    tls: bool,
    /// Which cloud of Azure it is
    #[arg(long, value_name = "CLOUD", default_value = "public")]
    cloud: CloudName,
    /// How long an operation takes, such as 500ms or 8s
    #[arg(long, value_name = "TIME", default_value = "8s", value_parser = duration)]
    operation_takes: Duration,
    /// So many more virtual machines, fleet-00001 and so on, in one subscription;
    /// 1000x5: 1000 in all, dealt over 5
    #[arg(long, value_name = "NUMBER[xNUMBER]", value_parser = fleet)]
    fleet: Option<Fleet>,
    /// So many users instead of 2000; those beyond are of the department Workforce
    #[arg(long, value_name = "NUMBER")]
    users: Option<u32>,
    /// How long tokens last
    #[arg(long, value_name = "TIME", default_value = "24h", value_parser = duration)]
    token_lifetime: Duration,
    /// The host has no system-assigned identity
    #[arg(long)]
    no_system_assigned: bool,
    /// The agent of Azure Arc knows user-assigned identities
    #[arg(long)]
    arc_user_assigned: bool,
    /// Which of the two shapes Graph's links to further pages have
    #[arg(long, value_name = "SHAPE", default_value = "binary")]
    page_links: LinkShape,
    /// How many resource units an application has in ten seconds at Graph, instead
    /// of 8000
    #[arg(long, value_name = "NUMBER")]
    graph_units: Option<u32>,
    /// Quotas are told, but do not hold
    #[arg(long)]
    no_throttles: bool,
    /// Where the old extension of virtual machines listens, whose real port is 50342;
    /// unset: a free port
    #[arg(long, value_name = "ADDRESS")]
    vm_extension: Option<SocketAddr>,
}

impl Options {
    pub(super) fn settings(&self, listen: SocketAddr) -> Settings {
        Settings {
            listen,
            vm_extension_listen: self.vm_extension,
            operation_takes: self.operation_takes,
            fleet: self.fleet,
            users: self.users,
            cloud: self.cloud.into(),
            token_lifetime: self.token_lifetime,
            arc_user_assigned: self.arc_user_assigned,
            system_assigned: !self.no_system_assigned,
            throttles: !self.no_throttles,
            page_links: self.page_links.into(),
            graph_units: self.graph_units,
            ..Settings::default()
        }
    }

    pub(super) fn place(&self) -> Place {
        Place {
            host: self.host.into(),
            over_tls: self.tls,
        }
    }
}

#[derive(Clone, Copy, ValueEnum)]
enum HostName {
    /// A virtual machine
    Vm,
    /// A virtual machine with the extension of old
    VmExtension,
    /// Container Apps, App Service and Functions
    ContainerApp,
    /// App Service and Functions with the endpoint of 2017
    #[value(name = "app-service-2017")]
    AppService2017,
    /// Azure Machine Learning
    Ml,
    /// Azure Cloud Shell
    CloudShell,
    /// A server that Azure Arc manages
    Arc,
    /// Service Fabric
    ServiceFabric,
    /// A pod of Azure Kubernetes Service with workload identity
    Aks,
}

impl From<HostName> for Host {
    fn from(name: HostName) -> Self {
        match name {
            HostName::Vm => Self::Vm,
            HostName::VmExtension => Self::VmExtension,
            HostName::ContainerApp => Self::ContainerApp,
            HostName::AppService2017 => Self::AppService2017,
            HostName::Ml => Self::MachineLearning,
            HostName::CloudShell => Self::CloudShell,
            HostName::Arc => Self::Arc,
            HostName::ServiceFabric => Self::ServiceFabric,
            HostName::Aks => Self::Aks,
        }
    }
}

#[derive(Clone, Copy, ValueEnum)]
enum CloudName {
    Public,
    #[value(name = "usgov")]
    UsGov,
    China,
}

impl From<CloudName> for Cloud {
    fn from(name: CloudName) -> Self {
        match name {
            CloudName::Public => Self::Public,
            CloudName::UsGov => Self::UsGov,
            CloudName::China => Self::China,
        }
    }
}

#[derive(Clone, Copy, ValueEnum)]
enum LinkShape {
    /// A binary literal: X'44537074…'
    Binary,
    /// base64, with the letters of URLs
    Base64,
}

impl From<LinkShape> for PageLinks {
    fn from(shape: LinkShape) -> Self {
        match shape {
            LinkShape::Binary => Self::BinaryLiteral,
            LinkShape::Base64 => Self::Base64,
        }
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

/// A whole number with its unit; without one it counts seconds.
fn duration(text: &str) -> Result<Duration, &'static str> {
    const EXPECTED: &str = "expected a time such as 500ms, 8s, 5m or 24h";
    let unit = text.trim_start_matches(|it: char| it.is_ascii_digit());
    let digits = &text[..text.len() - unit.len()];
    let number: u32 = digits.parse().map_err(|_| EXPECTED)?;
    let one = match unit {
        "ms" => Duration::from_millis(1),
        "" | "s" => Duration::from_secs(1),
        "m" => Duration::from_mins(1),
        "h" => Duration::from_hours(1),
        _ => return Err(EXPECTED),
    };
    Ok(one * number)
}
