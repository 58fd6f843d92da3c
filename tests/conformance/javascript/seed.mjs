// What the local Azure holds at every start, told anew from its rules: jobs compare
// with this, and not with what the sandbox says.

export const TENANT = "7b31ddc4-0000-4000-8000-5a4d0bca1a11";
export const SUBSCRIPTION = "5ab1e000-0000-4000-8000-000000000001";

/** Where the machines of `--fleet` are. */
export const FLEET_SUBSCRIPTION = "f1ee7000-0000-4000-8000-000000000001";

/** Departments in the order of their users, and how many each has. */
export const DEPARTMENTS = [
  ["Seinfeld", 26],
  ["Kramer's Ideas", 17],
  ["R&D", 310],
  ["C++ Guild", 41],
  ["100% Cotton", 9],
  ["Team #1", 12],
  ["Küche & Café", 23],
  ["Import/Export", 58],
];

const numbered = (group, prefix, count) =>
  Array.from({ length: count }, (_, at) => [group, `${prefix}-${String(at + 1).padStart(2, "0")}`]);

/** Group and name of each machine of the first subscription. */
export const MACHINES = [
  ...numbered("rg-web", "web", 12),
  ...numbered("rg-db", "db", 8),
  ...numbered("RG_Batch.(1)", "batch", 16),
  ["rg-web", "shared-01"],
  ["rg-db", "shared-01"],
  ["rg-web", "gateway-01"],
  ["rg-web", "hiber-01"],
  ["rg-web", "managed-01"],
  ["rg-web", "flex-01"],
  ["MC_rg-aks_aks1_westeurope", "aks-nodepool1-12345678-0"],
];

export const FLEET = Array.from(
  { length: 450 },
  (_, at) => `fleet-${String(at + 1).padStart(5, "0")}`,
);

export const machineId = (group, name, subscription = SUBSCRIPTION) =>
  `/subscriptions/${subscription}/resourceGroups/${group}` +
  `/providers/Microsoft.Compute/virtualMachines/${name}`;

/** FNV-1a, of 64 bits. */
function hash(text) {
  let value = 0xcbf29ce484222325n;
  for (const byte of Buffer.from(text)) {
    value = BigInt.asUintN(64, (value ^ BigInt(byte)) * 0x100000001b3n);
  }
  return value;
}

/** The GUID that belongs to `text`, of version 4. */
export function guid(text) {
  const bytes = Buffer.alloc(16);
  bytes.writeBigUInt64BE(hash(text), 0);
  bytes.writeBigUInt64BE(hash(`${text}/low`), 8);
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

/** A managed identity; the same name has the same ids. */
export const identity = (name) => ({
  clientId: guid(`client/${name}`),
  objectId: guid(`object/${name}`),
  resourceId:
    `/subscriptions/${SUBSCRIPTION}/resourcegroups/rg-identity` +
    `/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`,
});

/** The host's only user-assigned identity. */
export const GATEWAY = identity("mi-gateway");

/** The host's own identity, whose resource is the host, whatever that is. */
export const SYSTEM = {
  ...identity("system"),
  resourceId: new RegExp(
    `^/subscriptions/${SUBSCRIPTION}/resourcegroups/rg-web/providers/` +
      "(?!Microsoft.ManagedIdentity/).+/gateway-01$",
  ),
};

/** One that no host has. */
export const OTHER = identity("other");

export const userId = (number) => guid(`user/${number}`);

/** The first user, for whom Cloud Shell acts by the application of the portal. */
export const USER = { clientId: "c44b4083-3bb0-49c1-b47d-974e53cbdf3c", objectId: userId(0) };
