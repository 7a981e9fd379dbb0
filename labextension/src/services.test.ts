import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { launcherItem, openArgs, pictureAsSvg, serviceUrl, shownServices } from "./services.js";
import type { IServerProcess } from "./tokens.js";

const BASE = "http://127.0.0.1:8888/user/ada/";

function service(changes: Partial<IServerProcess> = {}): IServerProcess {
  return {
    name: "app",
    new_browser_tab: false,
    launcher_entry: { enabled: true, title: "App", path_info: "app/" },
    ...changes,
  };
}

describe("the URL of a service", () => {
  const cases: [string, string][] = [
    ["app/", `${BASE}app/`],
    ["app", `${BASE}app`],
    ["app/?token=a%2Fb#top", `${BASE}app/?token=a%2Fb#top`],
    ["/app/", `${BASE}app/`],
    ["/user/ada/app/", `${BASE}app/`],
    ["user/ada/app/", `${BASE}user/ada/app/`],
    ["", BASE],
    ["app//x", `${BASE}app//x`],
    ["https://example.org/app/", "https://example.org/app/"],
  ];
  for (const [pathInfo, expected] of cases) {
    test(`path_info "${pathInfo}"`, () => assert.equal(serviceUrl(BASE, pathInfo), expected));
  }
  test("at the root of the host", () => {
    assert.equal(serviceUrl("http://host/", "/app/"), "http://host/app/");
    assert.equal(serviceUrl("http://host/", "//app/"), "http://host/app/");
  });
});

describe("the arguments of the open command", () => {
  test("a tab in JupyterLab", () => {
    assert.deepEqual(openArgs(service(), { baseUrl: BASE, hasTabs: true }), {
      id: "server-proxy:app",
      title: "App",
      url: `${BASE}app/`,
      newBrowserTab: false,
    });
  });
  test("a browser tab is announced where there is a choice", () => {
    const args = openArgs(service({ new_browser_tab: true }), { baseUrl: BASE, hasTabs: true });
    assert.equal(args.title, "App [↗]");
    assert.equal(args.newBrowserTab, true);
  });
  for (const leaves of [true, false]) {
    test(`Notebook always opens a browser tab (new_browser_tab ${leaves})`, () => {
      const args = openArgs(service({ new_browser_tab: leaves }), {
        baseUrl: BASE,
        hasTabs: false,
      });
      assert.equal(args.title, "App");
      assert.equal(args.newBrowserTab, true);
    });
  }
});

describe("the card in a launcher", () => {
  const place = { baseUrl: BASE, hasTabs: true };
  test("is recognized by its command, by the end of its icon's address and by its id", () => {
    const icon_url = `${BASE}server-proxy/icon/app`;
    const entry = { enabled: true, title: "App", path_info: "app/", icon_url, category: "Tools" };
    assert.deepEqual(launcherItem(service({ launcher_entry: entry }), place), {
      command: "server-proxy:open",
      args: { id: "server-proxy:app", title: "App", url: `${BASE}app/`, newBrowserTab: false },
      category: "Tools",
      kernelIconUrl: icon_url,
    });
  });
  for (const icon_url of ["", undefined]) {
    test(`has no picture where there is none: ${JSON.stringify(icon_url)}`, () => {
      const entry = { enabled: true, title: "App", path_info: "app/", icon_url };
      assert.equal(
        launcherItem(service({ launcher_entry: entry }), place).kernelIconUrl,
        undefined,
      );
    });
  }
});

describe("the services to show", () => {
  test("those that are enabled, in the server's order", () => {
    const hidden = service({
      name: "b",
      launcher_entry: { enabled: false, title: "B", path_info: "b/" },
    });
    const answer = { server_processes: [service({ name: "c" }), hidden, service({ name: "a" })] };
    assert.deepEqual(
      shownServices(answer).map(({ name }) => name),
      ["c", "a"],
    );
  });
  test("one odd description does not hide the others", () => {
    const answer = { server_processes: [null, 1, { name: "x" }, service()] };
    assert.deepEqual(shownServices(answer), [service()]);
  });
  for (const answer of [null, undefined, [], {}, "login page", { server_processes: {} }]) {
    test(`no list at all: ${JSON.stringify(answer)}`, () => {
      assert.throws(() => shownServices(answer), /not in the expected form/);
    });
  }
});

test("the address of a picture cannot leave its attribute", () => {
  const svg = pictureAsSvg('/icon/a"b<c>&d');
  assert.ok(svg.includes('href="/icon/a&quot;b&lt;c&gt;&amp;d"'), svg);
});
