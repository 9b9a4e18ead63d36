import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { dashboards } from "../../../tools/dashboards/dashboards.ts";
import { drawDashboard } from "../../../tools/dashboards/picture/picture.ts";
import type { Prometheus } from "../../prometheus/index.ts";
import type { BusyShop } from "./busy-shop.ts";

const images = join(import.meta.dirname, "../../../docs/images");

/** Work for so long: steady, with a burst after a quarter of the time, and a time in which every third job goes wrong. */
async function work(shop: BusyShop, seconds: number, onTick: () => void): Promise<void> {
  const began = performance.now();
  const ticks = seconds * 2;
  for (let tick = 0; tick < ticks; tick += 1) {
    onTick();
    const part = tick / ticks;
    const isBurst = tick === Math.round(ticks / 4);
    const wrong = part > 0.6 && part < 0.75 ? 0.33 : 0.02;
    await shop.pictures(isBurst ? 900 : 4, { ms: 400, wrong });
    await shop.mails(3);
    await pause(Math.max(0, began + (tick + 1) * 500 - performance.now()));
  }
}

/** Has the shop work for so long, and draws each dashboard from what Prometheus saw of it. */
export async function takePictures(options: {
  readonly prometheus: Prometheus;
  readonly shop: BusyShop;
  readonly seconds: number;
  readonly values: Readonly<Record<string, string>>;
  readonly onTick: () => void;
}): Promise<void> {
  const { prometheus, shop, seconds, values, onTick } = options;
  const fromSeconds = Math.ceil(Date.now() / 1_000);
  await work(shop, seconds, onTick);
  const range = {
    fromSeconds,
    toSeconds: Math.floor(Date.now() / 1_000),
    stepSeconds: Math.max(1, Math.round(seconds / 150)),
  };
  for (const [name, dashboard] of Object.entries(dashboards())) {
    const picture = await drawDashboard(dashboard, { source: prometheus, range, values });
    writeFileSync(join(images, `dashboard-${name}.svg`), picture);
  }
}
