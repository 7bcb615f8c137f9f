import { createHash } from "node:crypto";

/** Of the roles, and one that has expired. */
export const tokens = { append: "slt_append", read: "slt_read", admin: "slt_admin", expired: "slt_expired" };
export const digest = (token: string) => createHash("sha256").update(token).digest("hex");
/** The file of [auth] for them. */
export const AUTH = `
[[identity]]
name = "validatord"
daemons = ["validatord-*"]
roles = ["append"]
certificates = ["URI:spiffe://test/validatord"]
[[identity.token]]
id = "a"
sha256 = "${digest(tokens.append)}"
[[identity.token]]
id = "old"
sha256 = "${digest(tokens.expired)}"
not_after = 2020-01-01T00:00:00Z

[[identity]]
name = "analyst"
daemons = ["validatord-1"]
roles = ["read"]
[[identity.token]]
id = "r"
sha256 = "${digest(tokens.read)}"

[[identity]]
name = "boss"
roles = ["admin"]
[[identity.token]]
id = "b"
sha256 = "${digest(tokens.admin)}"
`;
