//! A page of a hundred users, 20 kB, which is the last of its listing.
//!
//! Source: "List users" of Microsoft Graph v1.0, and its header lines in "Microsoft
//! Graph service-specific throttling limits".

use std::fmt::Write as _;

const USERS: usize = 100;

const HEAD: &str = "HTTP/1.1 200 OK\r\n\
cache-control: no-cache\r\n\
content-type: application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8\r\n\
date: Sun, 16 Nov 2025 23:22:34 GMT\r\n\
strict-transport-security: max-age=31536000\r\n\
vary: Accept-Encoding\r\n\
request-id: 78c959cf-14b6-4be0-acf0-07a8f615ef57\r\n\
client-request-id: 3c324221-a4b4-a9f9-78fa-ebd4f27d4575\r\n\
x-ms-ags-diagnostic: {\"ServerInfo\":{\"DataCenter\":\"West Europe\",\"Slice\":\"E\",\"Ring\":\"5\",\"ScaleUnit\":\"005\",\"RoleInstance\":\"AM2PEPF0001C90D\"}}\r\n\
x-ms-resource-unit: 1\r\n\
odata-version: 4.0\r\n";

/// Graph sends a chunk for every buffer that it fills.
const CHUNK: usize = 8_192;

/// The page, with its head.
pub(crate) struct Users {
    pub(crate) page: String,
}

impl Users {
    /// In one piece, or `chunked`.
    pub(crate) fn new(chunked: bool) -> Self {
        let users: Vec<_> = (0..USERS).map(user).collect();
        let body = format!(
            "{{\"@odata.context\":\"https://graph.microsoft.com/v1.0/$metadata#users(id,displayName,\
             userPrincipalName,mail,department,jobTitle)\",\"value\":[{}]}}",
            users.join(",")
        );
        let page = if chunked {
            format!(
                "{HEAD}transfer-encoding: chunked\r\n\r\n{}",
                in_chunks(&body)
            )
        } else {
            format!("{HEAD}content-length: {}\r\n\r\n{body}", body.len())
        };
        Self { page }
    }
}

fn user(number: usize) -> String {
    format!(
        "{{\"id\":\"5ab1e000-0000-4000-8000-{number:012}\",\"displayName\":\"Jerry Seinfeld {number}\",\
         \"userPrincipalName\":\"user{number:04}@example.com\",\"mail\":\"user{number:04}@example.com\",\
         \"department\":\"Seinfeld\",\"jobTitle\":\"Comedian\"}}"
    )
}

/// `body`, which is ASCII, as chunks.
fn in_chunks(body: &str) -> String {
    let mut left = body;
    let mut chunks = String::new();
    while !left.is_empty() {
        let (chunk, rest) = left.split_at(CHUNK.min(left.len()));
        // Writing to a string does not fail.
        let _ = write!(chunks, "{:x}\r\n{chunk}\r\n", chunk.len());
        left = rest;
    }
    chunks + "0\r\n\r\n"
}
