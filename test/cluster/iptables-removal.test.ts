import { expect, test } from "vitest";
import { removalCommands } from "./iptables-removal.ts";

// As iptables-save prints it on a machine that has a podman of its own beside the cluster.
const nat = String.raw`*nat
:PREROUTING ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:CNI-25cc0255f86e329964a99379 - [0:0]
:CNI-99990255f86e329964a99379 - [0:0]
:KUBE-SERVICES - [0:0]
:DOCKER - [0:0]
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s 10.244.0.21/32 -m comment --comment "name: \"jobwright\" id: \"78fb\"" -j CNI-25cc0255f86e329964a99379
-A POSTROUTING -s 10.88.0.2/32 -m comment --comment "name: \"podman\" id: \"aa\"" -j CNI-99990255f86e329964a99379
-A CNI-25cc0255f86e329964a99379 ! -d 224.0.0.0/4 -m comment --comment "name: \"jobwright\" id: \"78fb\"" -j MASQUERADE
-A CNI-99990255f86e329964a99379 ! -d 224.0.0.0/4 -m comment --comment "name: \"podman\" id: \"aa\"" -j MASQUERADE
COMMIT
`;

test("the cluster's chains go with every rule that leads to them, and nobody else's do", () => {
  expect(removalCommands(nat, "nat")).toBe(
    String.raw`*nat
-D PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-D POSTROUTING -s 10.244.0.21/32 -m comment --comment "name: \"jobwright\" id: \"78fb\"" -j CNI-25cc0255f86e329964a99379
-F CNI-25cc0255f86e329964a99379
-F KUBE-SERVICES
-X CNI-25cc0255f86e329964a99379
-X KUBE-SERVICES
COMMIT
`,
  );
});

test("the rules for the bridge's traffic go by their comment", () => {
  const filter = `*filter
:FORWARD DROP [0:0]
-A FORWARD -i docker0 -j ACCEPT
-A FORWARD -i jobwright0 -m comment --comment "jobwright cluster" -j ACCEPT
COMMIT
`;
  expect(removalCommands(filter, "filter")).toBe(
    '*filter\n-D FORWARD -i jobwright0 -m comment --comment "jobwright cluster" -j ACCEPT\nCOMMIT\n',
  );
});

test("a table without any of the cluster's rules is left alone", () => {
  expect(removalCommands("*nat\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -j ACCEPT\nCOMMIT\n", "nat")).toBe("");
});
