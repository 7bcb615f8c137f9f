// `npm run test:browser [-- NAME…]`: the viewer and the report in a real Chromium (CHROMIUM names another than /usr/bin/chromium).
// One line for each campaign; exit 1 when a promise was not kept.
import { runCampaigns } from "../harness/campaigns.mjs";
import { keyboardCampaigns } from "./keyboard.mjs";
import { liveCampaigns } from "./live.mjs";
import { pageCampaigns } from "./pages.mjs";
import { reportCampaigns } from "./report.mjs";

await runCampaigns("browser", [...pageCampaigns, ...keyboardCampaigns, ...liveCampaigns, ...reportCampaigns]);
