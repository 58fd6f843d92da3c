//! The listeners: two for Azure, without and with TLS, and one for each token
//! endpoint that stands at the path of another one.

use std::{
    io,
    net::{SocketAddr, TcpListener},
};

use crate::settings::Settings;

/// Where a request came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entrance {
    Azure,
    /// The same, over TLS.
    Secure,
    VmExtension,
    Arc,
    ServiceFabric,
}

impl Entrance {
    pub(crate) fn scheme(self) -> &'static str {
        match self {
            Self::Azure | Self::VmExtension | Self::Arc => "http",
            Self::Secure | Self::ServiceFabric => "https",
        }
    }
}

/// Every listener, before it is served.
pub(crate) struct Entrances {
    pub(super) azure: TcpListener,
    pub(super) vm_extension: TcpListener,
    pub(super) arc: TcpListener,
    pub(super) secure: TcpListener,
    pub(super) service_fabric: TcpListener,
}

/// Where they are, without a slash at the end.
pub(crate) struct Urls {
    pub(crate) azure: String,
    pub(crate) secure: String,
    pub(crate) vm_extension: String,
    pub(crate) arc: String,
    pub(crate) service_fabric: String,
}

impl Entrances {
    /// `azure`, and free ports of its address.
    pub(crate) fn beside(azure: TcpListener, settings: &Settings) -> io::Result<Self> {
        let free = SocketAddr::new(azure.local_addr()?.ip(), 0);
        Ok(Self {
            vm_extension: TcpListener::bind(settings.vm_extension_listen.unwrap_or(free))?,
            arc: TcpListener::bind(free)?,
            secure: TcpListener::bind(free)?,
            service_fabric: TcpListener::bind(free)?,
            azure,
        })
    }

    pub(crate) fn urls(&self) -> io::Result<Urls> {
        Ok(Urls {
            azure: format!("http://{}", self.azure.local_addr()?),
            vm_extension: format!("http://{}", self.vm_extension.local_addr()?),
            arc: format!("http://{}", self.arc.local_addr()?),
            secure: format!("https://{}", self.secure.local_addr()?),
            service_fabric: format!("https://{}", self.service_fabric.local_addr()?),
        })
    }
}
