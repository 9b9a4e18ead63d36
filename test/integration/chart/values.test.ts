import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { helm } from "./render.ts";

type Values = { readonly [name: string]: unknown };

const read = (path: string): Values => parse(readFileSync(join(import.meta.dirname, path), "utf8"));
const defaults = read("../../../charts/jobwright/values.yaml");
const every = read("every-value.yaml");

function isMap(value: unknown): value is Values {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What is set, by its path. */
function leaves(values: Values, parent: readonly string[] = []): [path: readonly string[], value: unknown][] {
  return Object.entries(values).flatMap(([name, value]) =>
    isMap(value) && Object.keys(value).length > 0
      ? leaves(value, [...parent, name])
      : [[[...parent, name], value] as [readonly string[], unknown]],
  );
}

/** The words and numbers within a value. */
function scalars(value: unknown): (string | number)[] {
  if (typeof value === "string" || typeof value === "number") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(scalars) : [];
}

function at(values: Values, path: readonly string[]): unknown {
  return path.reduce<unknown>((within, name) => (isMap(within) ? within[name] : undefined), values);
}

function withValue(values: Values, [name = "", ...rest]: readonly string[], value: unknown): Values {
  const within = values[name];
  return { ...values, [name]: rest.length === 0 ? value : withValue(isMap(within) ? within : {}, rest, value) };
}

/** Without comments: a word in one proves nothing. */
function rendered(values: Values): string {
  const text = helm("template", values, "--namespace", "every-namespace", "--kube-version", "1.34.0");
  return text.replace(/^\s*#.*$/gm, "");
}

const switches = leaves(defaults).filter(([, value]) => typeof value === "boolean");
/** Everything that can be switched on, since what belongs to it is looked for in what is rendered. */
const allOn = switches.reduce((values, [path]) => withValue(values, path, true), every);

/** One replica, since several elect a leader anyway; definitions are big and seldom matter. */
const plain = { replicaCount: 1, serviceAccount: { name: "mine" }, crds: { enabled: false } };

describe("the chart's values", () => {
  test("are all set by every-value.yaml, to something else", () => {
    for (const [path, value] of leaves(defaults)) {
      expect(at(every, path), path.join(".")).toBeDefined();
      expect(at(every, path), path.join(".")).not.toEqual(value);
    }
  });

  test("are each found in what is rendered, unless they switch something", () => {
    const text = rendered(withValue(allOn, ["crds", "enabled"], false));
    const before = rendered(plain);
    const problems = leaves(every).flatMap(([path, value]) =>
      scalars(value).flatMap((scalar) => {
        if (!contains(text, scalar)) return [`${path.join(".")}: ${scalar} is not rendered`];
        return isOwn(scalar) && contains(before, scalar) ? [`${path.join(".")}: ${scalar} is there without it`] : [];
      }),
    );
    expect(problems).toEqual([]);
  });

  test("that are on or off each change what is rendered", () => {
    const dead = switches.filter(([path, value]) => {
      const base = path[0] === "crds" ? withValue(plain, ["crds", "enabled"], true) : plain;
      const was = path.join(".") === "crds.enabled" ? true : value;
      return rendered(base) === rendered(withValue(base, path, !was));
    });
    expect(dead.map(([path]) => path.join("."))).toEqual([]);
  });
});

function contains(text: string, scalar: string | number): boolean {
  const word = String(scalar).replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`(?<![\\w.])${word}(?![\\w.])`).test(text);
}

/** Words that Kubernetes knows may be there by default as well. */
function isOwn(scalar: string | number): boolean {
  return typeof scalar === "number" ? scalar > 3 : /every|7/.test(scalar);
}
