import { expect, test } from "vitest";
import { checkDefinition } from "../../wire/definition.ts";
import { samplesKeptMax } from "../limits.ts";
import { createResources } from "./resources.ts";

const check = checkDefinition({ image: "a" });
const other = checkDefinition({ image: "b" });
if (!check.ok || !other.ok) throw new Error("unreachable");
const { id } = check.value;
const sample = (time: number) => ({ time, cpus: 1, memoryBytes: 5 });

test("samples of the run in view are kept in their order, none twice, and not for ever", () => {
  const resources = createResources();
  resources.follow(`${id} 1`);
  resources.add(other.value.id, {}, [sample(1)]);
  expect(resources.seen.value).toBeUndefined();
  resources.add(id, { cpus: 2 }, [sample(1), sample(2)]);
  resources.add(id, { cpus: 2 }, [sample(2), sample(3)]);
  expect(resources.seen.value).toEqual({ limits: { cpus: 2 }, samples: [sample(1), sample(2), sample(3)] });
  resources.add(
    id,
    {},
    Array.from({ length: samplesKeptMax }, (_, at) => sample(at + 10)),
  );
  expect(resources.seen.value?.samples).toHaveLength(samplesKeptMax);
  resources.follow(`${id} 2`);
  expect(resources.seen.value).toBeUndefined();
});
