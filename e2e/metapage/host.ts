// A metapage as people build them with the library: it wires a source and two container frames, whose addresses its own
// address gives as `?source=...&first=...&second=...`.

import { Metapage } from "@metapages/metapage";

const addresses = new URLSearchParams(location.search);

const metapage = new Metapage();
await metapage.setDefinition({
  version: "2",
  metaframes: {
    source: { url: addresses.get("source") ?? "" },
    first: {
      url: addresses.get("first") ?? "",
      // A glob passes every pipe that it matches, under its own name.
      inputs: [{ metaframe: "source", source: addresses.get("pipe") ?? "data.json" }],
    },
    second: {
      url: addresses.get("second") ?? "",
      inputs: [{ metaframe: "first", source: "result.json" }],
    },
  },
});
for (const [name, metaframe] of Object.entries(metapage.getMetaframes())) {
  const iframe = await metaframe.iframe;
  iframe.title = name;
  iframe.width = "900";
  iframe.height = "360";
  document.body.append(iframe);
}
