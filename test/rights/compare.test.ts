import { expect, test } from "vitest";
import type { Audited } from "./audited.ts";
import { compareRights, type Rule } from "./compare.ts";

const deployments: Rule = { apiGroups: ["apps"], resources: ["deployments"], verbs: ["get", "create", "patch"] };
const leases: Rule = {
  ...{ namespace: "jobwright", apiGroups: ["coordination.k8s.io"], resources: ["leases"], verbs: ["get"] },
};

function request(verb: string, objectRef: Audited["objectRef"], more: Partial<Audited> = {}): Audited {
  return {
    verb,
    objectRef: objectRef as NonNullable<Audited["objectRef"]>,
    user: { username: "system:serviceaccount:jobwright:jobwright" },
    requestReceivedTimestamp: "2026-01-01T00:00:00.000000Z",
    responseStatus: { code: 200 },
    ...more,
  };
}
const deployment = { apiGroup: "apps", resource: "deployments", namespace: "images", name: "resize" };
const get = request("get", deployment);
const patch = request("patch", deployment);
const made = request("patch", deployment, { responseStatus: { code: 201 } });

test("every right that was used is needed; an apply that makes its object uses create as well", () => {
  expect(compareRights([deployments], [get, made])).toEqual({ unused: [], refused: [], idleExcuses: [] });
});

test("a right that nothing used is told, unless it is excused", () => {
  expect(compareRights([deployments], [get, patch]).unused).toEqual(["create deployments.apps"]);
  const excuses = { "create deployments.apps": "made by hand here" };
  expect(compareRights([deployments], [get, patch], excuses)).toMatchObject({ unused: [], idleExcuses: [] });
});

test("an excuse for what was used after all, or what no rule gives, is told", () => {
  const excuses = { "get deployments.apps": "never read", "delete pods": "none deletes them" };
  expect(compareRights([deployments], [get, made], excuses).idleExcuses).toEqual(Object.keys(excuses));
});

test("a Role's right is used in its namespace only, and a subresource is not its resource", () => {
  const lease = { apiGroup: "coordination.k8s.io", resource: "leases", name: "jobwright" };
  const elsewhere = request("get", { ...lease, namespace: "images" });
  const status = request("get", { ...lease, namespace: "jobwright", subresource: "status" });
  expect(compareRights([leases], [elsewhere, status]).unused).toEqual(["get leases.coordination.k8s.io in jobwright"]);
  expect(compareRights([leases], [request("get", { ...lease, namespace: "jobwright" })]).unused).toEqual([]);
});

test("a right for named objects is used by these only", () => {
  const named = { ...deployments, verbs: ["get"], resourceNames: ["mail"] };
  expect(compareRights([named], [get]).unused).toEqual(["get deployments.apps"]);
});

test("what the roles refuse is told once, and is no use; a namespace that goes refuses for another reason", () => {
  const forbid = { "authorization.k8s.io/decision": "forbid" };
  const refusal = request("delete", deployment, {
    responseStatus: { code: 403, message: 'deployments.apps "resize" is forbidden: User cannot delete' },
    annotations: forbid,
  });
  const going = request("create", deployment, {
    responseStatus: { code: 403, message: "namespace is being terminated" },
    annotations: { "authorization.k8s.io/decision": "allow" },
  });
  const rule = { ...deployments, verbs: ["create"] };
  expect(compareRights([rule], [refusal, refusal, going])).toEqual({
    unused: [],
    refused: ['deployments.apps "resize" is forbidden: User cannot delete'],
    idleExcuses: [],
  });
});

test("what the rules allow and was refused all the same, as after an uninstall, is no lack of them", () => {
  const late = request("get", deployment, { annotations: { "authorization.k8s.io/decision": "forbid" } });
  expect(compareRights([deployments], [get, made, late]).refused).toEqual([]);
});
