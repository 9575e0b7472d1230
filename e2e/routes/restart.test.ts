// What has been answered is kept, however the process ends.

import { expect, test } from "vitest";
import { paths } from "../../wire/http.ts";
import { QueueApi, uniqueDefinition } from "../clients/queueApi.ts";
import { newIdentity, TestAgent } from "../clients/testAgent.ts";
import { until } from "../clients/until.ts";
import { onEveryShell } from "./everyShell.ts";

onEveryShell((shell) => {
  test.each(["stop", "kill"] as const)(
    "after a %s and a new start, everything that was answered is there",
    async (how) => {
      const api = new QueueApi(shell());
      const identity = newIdentity();
      const agent = await TestAgent.connect(api, { identity, offer: { slots: 2 } });
      const definitions = { finished: uniqueDefinition(), running: uniqueDefinition(), queued: uniqueDefinition() };
      const finished = await api.submit(definitions.finished);
      await agent.run(finished.jobId);
      const result = await api.finished(finished.jobId);
      const running = await api.submit(definitions.running);
      const held = await agent.started(running.jobId);
      const queued = await api.submit(uniqueDefinition({ requirements: { gpus: 8 } }));
      await api.request(paths.blob(`kept-${api.queue}`), { method: "PUT", body: "bytes" });

      await shell().restart(how);

      expect(await api.result(finished.jobId)).toEqual(result);
      expect(await api.listed(queued.jobId)).toMatchObject({ state: "Queued" });
      expect(await api.listed(running.jobId)).toMatchObject({ state: "Running" });
      expect(await (await api.request(paths.blob(`kept-${api.queue}`))).text()).toBe("bytes");
      expect(await api.submit(definitions.finished)).toMatchObject({ state: "Finished" });
      // The agent ran on, and comes back with what it holds.
      const back = await TestAgent.connect(api, { identity, held: [held], offer: { gpus: 8 } });
      expect(back.startsOf(running.jobId)).toEqual([]);
      expect(await back.finish(held)).toMatchObject({ outcome: "accepted" });
      expect(await api.finished(running.jobId)).toMatchObject({ finishedReason: "Success" });
      await back.run(queued.jobId);
      expect(await api.finished(queued.jobId)).toMatchObject({ finishedReason: "Success" });
    },
  );

  test("a process that is killed under load has lost nothing that it answered", async () => {
    const api = new QueueApi(shell());
    const [answered, accepted] = [new Set<string>(), new Set<string>()];
    let ending = false;
    const untilItEnds = async (step: () => Promise<unknown>) => {
      try {
        for (;;) await step();
      } catch (error) {
        if (!ending) throw error;
      }
    };
    const agent = await TestAgent.connect(api);
    const loads = Promise.all([
      ...Array.from({ length: 4 }, () =>
        untilItEnds(async () => answered.add((await api.submit(uniqueDefinition())).jobId)),
      ),
      untilItEnds(async () => {
        const start = await agent.nextStart(accepted);
        if ((await agent.finish(start)).outcome === "accepted") accepted.add(start.job);
      }),
    ]);
    const enough = until(
      "a hundred answers and ten ends",
      () => ({ answered: answered.size, accepted: accepted.size }),
      (seen) => seen.answered >= 100 && seen.accepted >= 10,
    );
    await Promise.race([enough, loads]);
    ending = true;
    await shell().restart("kill");
    await loads;

    const jobs = await api.list();
    expect([...answered].filter((id) => jobs[id] === undefined)).toEqual([]);
    await until(
      "every end that was accepted",
      () => api.list(),
      (seen) => [...accepted].every((id) => seen[id]?.state === "Finished"),
    );
  });
});
