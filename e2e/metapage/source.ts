// A metaframe with a number to choose: its output data.json is a list of that many items.

import { Metaframe } from "@metapages/metapage";

const metaframe = new Metaframe();
const field = document.createElement("input");
field.type = "number";
field.value = "3";
field.ariaLabel = "Items";
const send = () =>
  metaframe.setOutputs({ "data.json": Array.from({ length: Number(field.value) }, (_, index) => index) });
field.addEventListener("change", send);
document.body.append(field);
void send();
