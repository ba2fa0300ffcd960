// Parses an AsyncAPI file together with the files it points at.
// Exit 0: no error. Exit 1: the document has errors, listed on stderr. Exit 2: wrong call.
import { DiagnosticSeverity, Parser, fromFile } from "@asyncapi/parser";

const path = process.argv[2];
if (path === undefined) {
  console.error("usage: node check.mjs asyncapi.yaml");
  process.exit(2);
}

const parser = new Parser();
const { document, diagnostics } = await fromFile(parser, path).parse();
const errors = diagnostics.filter(({ severity }) => severity === DiagnosticSeverity.Error);
for (const { path: where, message } of errors) {
  console.error(`${where.join(".")}: ${message}`);
}
if (errors.length > 0 || document === undefined) {
  process.exit(1);
}

// References that were silently left alone would also pass: insist on resolved payloads.
let payloads = 0;
for (const message of document.allMessages().all()) {
  const kind = message.payload()?.properties()?.kind?.const();
  if (kind !== message.name()) {
    console.error(`${message.name()}: payload describes ${kind}`);
    process.exit(1);
  }
  payloads += 1;
}
console.log(`${document.allChannels().all().length} channels, ${payloads} messages`);
