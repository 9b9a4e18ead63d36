// Remembers what every handler started and finished, and keeps the pictures. It is not part of Jobwright: it stands
// outside, so that the demo need not take the runtime's word for what was done.
//
//   POST   /events           a JobEvent without `at`
//   GET    /events?after=N   { events, next }: those after the first N
//   PUT    /results/<name>   a picture
//   GET    /results          names
//   GET    /results/<name>   the picture
import { mkdirSync } from "node:fs";
import { readdir, readFile, rename, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage } from "node:http";
import { join } from "node:path";
import type { JobEvent } from "./job-event.ts";

const folder = process.env.RESULTS ?? "results";
const port = Number(process.env.PORT ?? 8080);
const events: JobEvent[] = [];
mkdirSync(folder, { recursive: true });

const server = createServer(async (request, response) => {
  try {
    const answer = await route(request);
    response.writeHead(answer.status, { "content-type": answer.type ?? "application/json" }).end(answer.body);
  } catch (error) {
    response.writeHead(500).end(String(error));
  }
});
server.listen(port, () => console.log(`recorder: port ${port}, pictures in ${folder}`));
process.on("SIGTERM", () => {
  server.close();
  server.closeAllConnections();
});

interface Answer {
  status: number;
  type?: string;
  body?: string | Buffer;
}

async function route(request: IncomingMessage): Promise<Answer> {
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://recorder");
  const name = /^\/results\/([\w.-]+)$/.exec(pathname)?.[1];
  switch (`${request.method} ${name === undefined ? pathname : "picture"}`) {
    case "POST /events": {
      const event = JSON.parse((await body(request)).toString());
      events.push({ ...event, at: Date.now() });
      return { status: 204 };
    }
    case "GET /events": {
      const after = Number(searchParams.get("after") ?? 0);
      return { status: 200, body: JSON.stringify({ events: events.slice(after), next: events.length }) };
    }
    case "PUT picture": {
      // Renamed when whole: a reader never sees half a picture.
      const path = join(folder, `${name}`);
      await writeFile(`${path}.part`, await body(request));
      await rename(`${path}.part`, path);
      return { status: 204 };
    }
    case "GET picture":
      return { status: 200, type: "image/webp", body: await readFile(join(folder, `${name}`)) };
    case "GET /results":
      return { status: 200, body: JSON.stringify((await readdir(folder)).filter((file) => !file.endsWith(".part"))) };
    case "GET /healthz":
      return { status: 200, body: "{}" };
    default:
      return { status: 404, body: "{}" };
  }
}

async function body(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}
