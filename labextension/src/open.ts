/**
 * The open command: shows a service in a tab of the application or of the browser,
 * and brings tabs back after a reload.
 */

import type { ILayoutRestorer, JupyterFrontEnd } from "@jupyterlab/application";
import { IFrame, MainAreaWidget, WidgetTracker } from "@jupyterlab/apputils";
import type { LabIcon } from "@jupyterlab/ui-components";

import { CommandIDs, CSS_CLASS, NS, argSchema, sandbox } from "./tokens.js";
import type { IOpenArgs } from "./tokens.js";

type ServiceTab = MainAreaWidget<IFrame>;

/** The icon for arguments of the open command. */
export type FindIcon = (args: Pick<IOpenArgs, "id">) => LabIcon;

/**
 * Register the open command.
 *
 * Call it while the application starts: tabs can only be restored before the layout is.
 * Does nothing when the command exists, since another extension may bring one of its own.
 * Whoever changes what `findIcon` finds calls `notifyCommandChanged`.
 */
export function registerOpenCommand(
  app: JupyterFrontEnd,
  restorer: ILayoutRestorer | null,
  findIcon: FindIcon,
): void {
  if (app.commands.hasCommand(CommandIDs.open)) {
    return;
  }
  const tracker = new WidgetTracker<ServiceTab>({ namespace: NS });
  app.commands.addCommand(CommandIDs.open, {
    label: (args) => (args as IOpenArgs).title,
    icon: (args) => findIcon(args as IOpenArgs),
    describedBy: { args: argSchema },
    execute: (args) => open(app.shell, tracker, args as IOpenArgs, findIcon),
  });
  app.commands.commandChanged.connect((_, { id }) => {
    if (id === CommandIDs.open) {
      tracker.forEach(({ content }) => (content.title.icon = findIcon(content)));
    }
  });
  restoreTabs(tracker, restorer);
}

function restoreTabs(tracker: WidgetTracker<ServiceTab>, restorer: ILayoutRestorer | null): void {
  const done = restorer?.restore(tracker, {
    command: CommandIDs.open,
    args: ({ content }) => ({
      id: content.id,
      title: content.title.label,
      url: content.url,
      newBrowserTab: false,
    }),
    name: ({ content }) => content.id,
  });
  done?.catch((reason) => console.warn("Tabs of services are not restored.", reason));
}

function open(
  shell: JupyterFrontEnd.IShell,
  tracker: WidgetTracker<ServiceTab>,
  args: IOpenArgs,
  findIcon: FindIcon,
): ServiceTab | undefined {
  if (args.newBrowserTab) {
    // With `opener`, as ever: the page has this origin, so hiding it would protect nothing,
    // and some applications close their own window or look for the one they came from.
    window.open(args.url, "_blank");
    return undefined;
  }
  const existing = tracker.find(({ content }) => content.id === args.id);
  const tab = existing ?? createTab(args, findIcon);
  if (!existing) {
    void tracker.add(tab);
  }
  if (!tab.isAttached) {
    shell.add(tab, "main");
  }
  shell.activateById(tab.id);
  return tab;
}

function createTab(args: IOpenArgs, findIcon: FindIcon): ServiceTab {
  const content = new IFrame({ sandbox: [...sandbox] });
  content.id = args.id;
  content.url = args.url;
  content.title.label = args.title;
  content.title.icon = findIcon(args);
  content.title.closable = true;
  content.addClass(CSS_CLASS);
  const tab = new MainAreaWidget({ content });
  tab.addClass(CSS_CLASS);
  return tab;
}
