import { createHash, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import { Argument, Command } from "commander";
import { readAuthFile } from "../../config/auth_file.js";
import { isName, NAME_FORM } from "../../config/values.js";
import { type CliCommand, type CliContext, UsageError, WorkError, write } from "../context.js";
import { addConfigOptions, configurationHelp } from "../options/settings_options.js";

const TOKEN_BYTES = 32;

/** `sessionlog token`: makes tokens for [auth], and checks them. */
export function createCommand(): CliCommand {
  const command = new Command("sessionlog token")
    .description(description)
    .addArgument(new Argument("<action>", "what to do").choices(["new", "check"]))
    .argument("[name]", "new: the identity that the token is for");
  const options = addConfigOptions(command);
  return {
    command,
    help: `${configurationHelp}\n${tokenHelp}`,
    async run(context) {
      const [action, name] = command.args;
      return action === "new" ? create(name, context) : check(options.load(context).config.auth, context);
    },
  };
}

async function create(name: string | undefined, { stdout, stderr, now_ms }: CliContext): Promise<number> {
  if (!isName(name)) throw new UsageError(`token new: expected a name of ${NAME_FORM}`);
  const token = `slt_${randomBytes(TOKEN_BYTES).toString("base64url")}`;
  const month = new Date(now_ms()).toISOString().slice(0, "2026-11".length);
  await write(stdout, `${token}\n`);
  await write(
    stderr,
    `# The token was printed on standard output, once. For the file of [auth]; in an identity that is there, the token alone:
[[identity]]
name = "${name}"
roles = ["append"] # append, read, admin
[[identity.token]]
id = "${month}"
sha256 = "${digestOf(token)}"
`,
  );
  return 0;
}

async function check(auth: Parameters<typeof readAuthFile>[0], { stdin, stdout, now_ms }: CliContext): Promise<number> {
  const identities = readAuthFile(auth, readFileSync);
  if (identities === undefined)
    throw new UsageError("token check: expected --auth-file, or [auth] file in the configuration");
  const sha256 = digestOf((await text(stdin)).trim());
  for (const { name, roles, daemons, tokens } of identities) {
    for (const token of tokens.filter((each) => each.sha256.toString("hex") === sha256)) {
      const until = token.not_after_ms === undefined ? "without end" : new Date(token.not_after_ms).toISOString();
      if (token.not_after_ms !== undefined && token.not_after_ms <= now_ms()) {
        throw new WorkError(`the token ${token.id} of ${name} has expired: ${until}`);
      }
      await write(
        stdout,
        `${name}, token ${token.id}, valid ${until === "without end" ? until : `until ${until}`}\n` +
          `roles: ${[...roles].join(", ")}\ndaemons: ${roles.has("admin") ? "all" : daemons.join(", ")}\n`,
      );
      return 0;
    }
  }
  throw new WorkError("no identity has this token");
}

function digestOf(token: string): string {
  return createHash("sha256").update(token).digest("hex");
}

const description = `Makes tokens for the file of [auth], and checks them. The file has only their SHA-256, so that who
reads it cannot use them.`;

const tokenHelp = `
new NAME prints a new token on standard output, once, and what the file needs on standard error. check reads a token from
standard input and says whose it is.

Exit status:
  0  done
  1  check: no identity has this token, or it has expired
  2  wrong usage or configuration

Examples:
  sessionlog token new validatord > validatord.token
  sessionlog token check --auth-file auth.toml < validatord.token`;
