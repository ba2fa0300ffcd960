// How scripts speak to the console: JSON both ways, changes with the token of this sign-in.

export class Problem extends Error {
  constructor(status, title, detail) {
    super(title);
    this.status = status;
    this.detail = detail;
  }
}

export async function get(path) {
  return read(await fetch(`/api/v1${path}`, { headers: { accept: "application/json" } }));
}

export async function send(method, path, body) {
  return read(
    await fetch(`/api/v1${path}`, {
      method,
      headers: {
        accept: "application/json",
        "content-type": "application/json",
        "x-csrf-token": document.querySelector("meta[name=csrf-token]")?.content ?? "",
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    }),
  );
}

async function read(answer) {
  const text = await answer.text();
  const told = text ? JSON.parse(text) : null;
  if (!answer.ok) throw new Problem(answer.status, told?.title ?? answer.statusText, told?.detail ?? "");
  return told;
}
