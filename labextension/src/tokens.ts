/**
 * Names and types that other extensions may import from `lib/tokens`.
 *
 * Constants and types only: importing this file has no side effect and needs no browser.
 */

import type { IFrame } from "@jupyterlab/apputils";
import type { ReadonlyJSONObject } from "@lumino/coreutils";

/** The name of the npm package, as used by `jupyter labextension disable`. */
export const NAME = "@jupyterhub/jupyter-server-proxy";

/** Prefix of command ids, tracker namespace and URL of the server extension. */
export const NS = "server-proxy";

/** CSS class of the tabs that show a service. */
export const CSS_CLASS = "jp-ServerProxy";

/**
 * What a service shown in a tab may do; full browser tabs are not restricted.
 *
 * Frozen, and yet of this type: so it can be handed to `IFrame` as it is.
 */
export const sandbox = Object.freeze([
  "allow-same-origin",
  "allow-scripts",
  "allow-popups",
  "allow-forms",
  "allow-downloads",
  "allow-modals",
]) as IFrame.SandboxExceptions[];

/** JSON schema of the arguments of the open command. */
export const argSchema = Object.freeze({
  type: "object",
  properties: {
    id: { type: "string" },
    title: { type: "string" },
    url: { type: "string", format: "uri" },
    newBrowserTab: { type: "boolean" },
  },
});

export namespace CommandIDs {
  /** Opens a service in a tab, or brings the tab of the same `id` to the front. */
  export const open = `${NS}:open`;
}

/** Arguments of the open command. */
export interface IOpenArgs extends ReadonlyJSONObject {
  /** Identity of the tab; `server-proxy:<name>` for a configured service. */
  id: string;
  title: string;
  url: string;
  newBrowserTab: boolean;
}

/** The answer of `GET server-proxy/servers-info`. */
export interface IServersInfo {
  server_processes: IServerProcess[];
}

/** What the server tells about one service. */
export interface IServerProcess {
  name: string;
  new_browser_tab: boolean;
  launcher_entry: ILauncherEntry;
}

/** How a service wants to be shown. */
export interface ILauncherEntry {
  enabled: boolean;
  title: string;
  /** Path of the page to open, below the server's base URL. */
  path_info: string;
  icon_url?: string;
  category?: string;
}
