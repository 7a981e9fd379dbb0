/**
 * Entries for services in the New menu above Notebook's list of files.
 */

import { Menu, MenuBar } from "@lumino/widgets";
import type { Widget } from "@lumino/widgets";

import { CommandIDs } from "./tokens.js";
import type { IOpenArgs } from "./tokens.js";

/** Something that says when the entries of the menu may have been replaced. */
interface IChanges {
  connect(slot: () => void): unknown;
}

/** Where the New menu lives, and what rewrites it. */
export interface INewMenuPlace {
  toolbar: Widget;
  kernelspecsChanged: IChanges;
}

/**
 * Keep `entries` in the New menu.
 *
 * The menu may be put into the toolbar later than this call, and Notebook empties it whenever
 * the kernel specs change, so the entries are put back when they are missing.
 */
export function keepInNewMenu(place: INewMenuPlace, entries: readonly IOpenArgs[]): void {
  const refresh = (): void => {
    for (const menu of newMenus(place.toolbar)) {
      addMissing(menu, entries);
    }
  };
  new MutationObserver(refresh).observe(place.toolbar.node, { childList: true });
  // Notebook's own slot may run after this one.
  place.kernelspecsChanged.connect(() => queueMicrotask(refresh));
  refresh();
}

function* newMenus(toolbar: Widget): Iterable<Menu> {
  for (const item of toolbar.children()) {
    if (item instanceof MenuBar) {
      yield* item.menus.slice(0, 1);
    }
  }
}

function addMissing(menu: Menu, entries: readonly IOpenArgs[]): void {
  const present = new Set(menu.items.filter(isOpenItem).map(({ args }) => args.id));
  const missing = entries.filter(({ id }) => !present.has(id));
  if (missing.length === 0) {
    return;
  }
  if (present.size === 0) {
    menu.addItem({ type: "separator" });
  }
  for (const args of missing) {
    menu.addItem({ command: CommandIDs.open, args });
  }
}

function isOpenItem({ command }: Menu.IItem): boolean {
  return command === CommandIDs.open;
}
