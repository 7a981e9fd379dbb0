/**
 * What is to be shown for the services that the server knows.
 *
 * Pure: no DOM, no network, no Jupyter application.
 */

import type { ILauncher } from "@jupyterlab/launcher";

import { CommandIDs, NS } from "./tokens.js";
import type { IOpenArgs, IServerProcess, IServersInfo } from "./tokens.js";

/** Says to people that a launcher card leaves the application. */
const BROWSER_TAB_MARK = " [↗]";

/** Where, and in which kind of application, services are shown. */
export interface IPlace {
  /** Absolute base URL of the Jupyter server, ending with a slash. */
  baseUrl: string;
  /** Whether the application has tabs of its own, as JupyterLab does. */
  hasTabs: boolean;
}

/**
 * The services that want to be shown.
 *
 * Services that are described in a way not understood here are left out, so that
 * one of them cannot hide the others; throws when the answer as a whole is none.
 */
export function shownServices(answer: unknown): IServerProcess[] {
  const services = (answer as Partial<IServersInfo> | null)?.server_processes;
  if (!Array.isArray(services)) {
    throw new Error("The list of services is not in the expected form.");
  }
  return services.filter(isServerProcess).filter((service) => service.launcher_entry.enabled);
}

/** The URL of a service's page: the base URL is put in front exactly once. */
export function serviceUrl(baseUrl: string, pathInfo: string): string {
  if (/^https?:\/\//i.test(pathInfo)) {
    return pathInfo;
  }
  const basePath = new URL(baseUrl).pathname;
  const path = pathInfo.startsWith(basePath) ? pathInfo.slice(basePath.length) : pathInfo;
  return baseUrl + path.replace(/^\/+/, "");
}

/** Arguments for the open command that show `service`. */
export function openArgs(service: IServerProcess, place: IPlace): IOpenArgs {
  const { launcher_entry: entry, name, new_browser_tab: leaves } = service;
  return {
    id: serviceId(name),
    title: leaves && place.hasTabs ? entry.title + BROWSER_TAB_MARK : entry.title,
    url: serviceUrl(place.baseUrl, entry.path_info),
    newBrowserTab: leaves || !place.hasTabs,
  };
}

/** The card that offers `service` in a launcher. */
export function launcherItem(service: IServerProcess, place: IPlace): ILauncher.IItemOptions {
  const { category, icon_url: iconUrl } = service.launcher_entry;
  return {
    command: CommandIDs.open,
    args: openArgs(service, place),
    category,
    // The launcher shows this one in its kernel categories, the command's icon elsewhere.
    kernelIconUrl: iconUrl || undefined,
  };
}

/** Identity of a service among tabs and launcher cards. */
export function serviceId(name: string): string {
  return `${NS}:${name}`;
}

/** An SVG document that shows the picture at `url`, whatever its format. */
export function pictureAsSvg(url: string): string {
  const href = url
    .replace(/&/g, "&amp;")
    .replace(/</g, "&lt;")
    .replace(/>/g, "&gt;")
    .replace(/"/g, "&quot;");
  return (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16" width="16" height="16">' +
    `<image href="${href}" width="16" height="16"/></svg>`
  );
}

function isServerProcess(value: unknown): value is IServerProcess {
  const service = value as Partial<IServerProcess> | null;
  const entry = service?.launcher_entry;
  return (
    typeof service?.name === "string" &&
    typeof entry?.title === "string" &&
    typeof entry.path_info === "string"
  );
}
