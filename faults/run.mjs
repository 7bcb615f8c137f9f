// `npm run test:faults [-- NAME… --long --seed N]`: breaks things around the real service on purpose, and looks whether it
// keeps its promises. One line of figures for each campaign; exit 1 when a promise was not kept.
import { runCampaigns } from "../harness/campaigns.mjs";
import { compactErrors, compactFullDisk, compactKill9 } from "./compact/campaigns.mjs";
import { equality } from "./equality.mjs";
import { fewDescriptors } from "./few_descriptors.mjs";
import { fileSizeLimit } from "./file_size_limit.mjs";
import { follow } from "./follow.mjs";
import { fsyncError } from "./fsync_error.mjs";
import { fullDisk } from "./full_disk.mjs";
import { groupCommit } from "./group_commit.mjs";
import { kill9 } from "./kill9.mjs";
import { logrotate } from "./logrotate.mjs";
import { oneFile } from "./one_file.mjs";
import { oneWriter } from "./one_writer.mjs";
import { powerCut } from "./power_cut.mjs";
import { readOnly } from "./read_only.mjs";
import { reload } from "./reload.mjs";
import { retryStorm } from "./retry_storm.mjs";
import { rotationError } from "./rotation_error.mjs";
import { simulatedDisk } from "./simulated_disk.mjs";
import { tornTail } from "./torn_tail.mjs";
import { writeError } from "./write_error.mjs";

await runCampaigns("faults", [
  simulatedDisk,
  kill9,
  follow,
  fsyncError,
  writeError,
  rotationError,
  fullDisk,
  fileSizeLimit,
  fewDescriptors,
  tornTail,
  oneWriter,
  oneFile,
  retryStorm,
  reload,
  readOnly,
  groupCommit,
  logrotate,
  powerCut,
  compactKill9,
  compactErrors,
  compactFullDisk,
  equality,
]);
