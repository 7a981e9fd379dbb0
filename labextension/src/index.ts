/**
 * The plugin that shows services in JupyterLab's launcher and Notebook's New menu.
 *
 * It must not delay the application: what it shows appears when the server has answered.
 */

import { ILayoutRestorer } from "@jupyterlab/application";
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from "@jupyterlab/application";
import { IToolbarWidgetRegistry } from "@jupyterlab/apputils";
import { PageConfig, URLExt } from "@jupyterlab/coreutils";
import { IDefaultFileBrowser } from "@jupyterlab/filebrowser";
import { ILauncher } from "@jupyterlab/launcher";
import { ServerConnection } from "@jupyterlab/services";
import { LabIcon, launcherIcon } from "@jupyterlab/ui-components";

import { keepInNewMenu } from "./newmenu.js";
import { registerOpenCommand } from "./open.js";
import { launcherItem, openArgs, pictureAsSvg, serviceId, shownServices } from "./services.js";
import type { IPlace } from "./services.js";
import { CommandIDs, NAME, NS } from "./tokens.js";
import type { IServerProcess } from "./tokens.js";

const plugin: JupyterFrontEndPlugin<void> = {
  id: `${NAME}:add-launcher-entries`,
  description: "Shows the services of Jupyter Server Proxy in the launcher and the New menu.",
  autoStart: true,
  requires: [],
  // Other extensions call `activate` themselves, so the order is part of the interface.
  optional: [ILauncher, ILayoutRestorer, IToolbarWidgetRegistry, IDefaultFileBrowser],
  activate,
};

/** Applications in which the services are shown. */
const shownIn = new WeakSet<JupyterFrontEnd>();

/**
 * Registers the open command before it returns, and shows the services when the server has
 * named them. What it returns does not wait for that, since the application would wait too.
 *
 * Does nothing where it was called before: every service would have two cards.
 */
async function activate(
  app: JupyterFrontEnd,
  launcher?: ILauncher | null,
  restorer?: ILayoutRestorer | null,
  toolbarRegistry?: IToolbarWidgetRegistry | null,
  fileBrowser?: IDefaultFileBrowser | null,
): Promise<void> {
  // Set by Notebook 7 only, whose pages are applications of their own.
  const notebookPage = PageConfig.getOption("notebookPage");
  if ((notebookPage && notebookPage !== "tree") || shownIn.has(app)) {
    return;
  }
  shownIn.add(app);
  const icons = new Map<string, LabIcon>();
  registerOpenCommand(app, restorer ?? null, ({ id }) => icons.get(id) ?? launcherIcon);

  const settings = app.serviceManager.serverSettings;
  const place: IPlace = { baseUrl: settings.baseUrl, hasTabs: !notebookPage };
  const show = (services: readonly IServerProcess[]): void => {
    addIcons(icons, services);
    app.commands.notifyCommandChanged(CommandIDs.open);
    if (launcher) {
      addToLauncher(launcher, services, place);
    }
    if (notebookPage && toolbarRegistry && fileBrowser && services.length > 0) {
      const entries = services.map((service) => openArgs(service, place));
      const { specsChanged } = app.serviceManager.kernelspecs;
      keepInNewMenu({ toolbar: fileBrowser.toolbar, kernelspecsChanged: specsChanged }, entries);
    }
  };
  fetchServices(settings)
    .then(show)
    .catch((reason) => console.warn("Services of Jupyter Server Proxy are not shown.", reason));
}

async function fetchServices(settings: ServerConnection.ISettings): Promise<IServerProcess[]> {
  const url = URLExt.join(settings.baseUrl, NS, "servers-info");
  const response = await ServerConnection.makeRequest(url, {}, settings);
  if (!response.ok) {
    throw new ServerConnection.ResponseError(response);
  }
  return shownServices(await response.json());
}

function addToLauncher(
  launcher: ILauncher,
  services: readonly IServerProcess[],
  place: IPlace,
): void {
  for (const service of services) {
    launcher.add(launcherItem(service, place));
  }
}

function addIcons(icons: Map<string, LabIcon>, services: readonly IServerProcess[]): void {
  for (const { name, launcher_entry: entry } of services) {
    if (entry.icon_url) {
      const id = serviceId(name);
      icons.set(id, new LabIcon({ name: id, svgstr: pictureAsSvg(entry.icon_url) }));
    }
  }
}

export default plugin;
