import "reflect-metadata";
import { Controller, Get, Inject, Module } from "@nestjs/common";
import { Test } from "@nestjs/testing";
import { createMemoryLogger } from "@sessionlog/client/testing";
import { fill } from "./handler.js";
import { SessionLog, SessionLogModule } from "./session-log.module.js";

@Controller()
class FillController {
  @Inject(SessionLog)
  private readonly log!: SessionLog;

  @Get()
  run() {
    return fill(this.log.logger, "Fill 1 welder slot.");
  }
}

@Module({ imports: [SessionLogModule], controllers: [FillController] })
class AppModule {}

test("a controller of Nest logs a session, and closes its logger with the application", async () => {
  const logger = createMemoryLogger();
  const closes = jest.spyOn(logger, "close");
  const built = Test.createTestingModule({ imports: [AppModule] });
  const provider = new SessionLog();
  await provider.logger.close();
  const module = await built.overrideProvider(SessionLog).useValue(Object.assign(provider, { logger })).compile();
  const app = module.createNestApplication();
  await app.init();
  expect(await app.get(FillController).run()).toEqual({ fills: [{ worker_id: "W-1" }] });
  expect(logger.records).toMatchObject([{ final_verdict: "accepted", grounded_in_roster: true }]);
  await app.close();
  expect(closes).toHaveBeenCalledTimes(1);
});
