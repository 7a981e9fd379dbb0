/**
 * What other extensions import from `lib/tokens`: values, and types as they are used.
 *
 * The types are checked when this file is compiled.
 */

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import type { IFrame } from "@jupyterlab/apputils";
import type { ReadonlyJSONObject } from "@lumino/coreutils";

import * as tokens from "./tokens.js";
import type { ILauncherEntry, IOpenArgs, IServerProcess, IServersInfo } from "./tokens.js";

describe("values", () => {
  test("the names by which the extension and its command are known", () => {
    assert.equal(tokens.NAME, "@jupyterhub/jupyter-server-proxy");
    assert.equal(tokens.NS, "server-proxy");
    assert.equal(tokens.CommandIDs.open, "server-proxy:open");
    assert.equal(tokens.CSS_CLASS, "jp-ServerProxy");
  });
  test("what a service in a tab may do, as a list that IFrame takes", () => {
    const exceptions: IFrame.SandboxExceptions[] = tokens.sandbox;
    assert.deepEqual(exceptions, [
      "allow-same-origin",
      "allow-scripts",
      "allow-popups",
      "allow-forms",
      "allow-downloads",
      "allow-modals",
    ]);
    assert.throws(() => exceptions.push("allow-top-navigation"), TypeError);
  });
  test("the schema of the command's arguments", () => {
    assert.equal(tokens.argSchema.type, "object");
    assert.deepEqual(Object.keys(tokens.argSchema.properties), [
      "id",
      "title",
      "url",
      "newBrowserTab",
    ]);
  });
});

describe("types", () => {
  test("the answer of the server, as other extensions read it", () => {
    const plain: ILauncherEntry = { enabled: true, title: "App", path_info: "app/" };
    const full: ILauncherEntry = { ...plain, icon_url: "/icon", category: "Tools" };
    const service: IServerProcess = { name: "app", new_browser_tab: true, launcher_entry: full };
    const answer: IServersInfo = { server_processes: [service] };
    answer.server_processes[0].launcher_entry = plain;
    assert.equal(answer.server_processes[0].launcher_entry.icon_url, undefined);
  });
  test("the command's arguments are what commands take", () => {
    const args: IOpenArgs = { id: "server-proxy:app", title: "", url: "", newBrowserTab: false };
    const json: ReadonlyJSONObject = args;
    assert.equal(json.id, "server-proxy:app");
  });
});
