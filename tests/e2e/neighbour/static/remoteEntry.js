/*
 * A prebuilt labextension, written by hand, that uses ours as those of other packages do:
 * it finds the module in the share scope, runs its plugin with a launcher of its own, asks for
 * the icons of commands, and opens a tab by the command's name. `window.neighbour` has what it saw.
 */
(function () {
  "use strict";

  var OURS = "@jupyterhub/jupyter-server-proxy";
  var seen = { items: [], iconsAskedFor: [], errors: [] };
  var scope;

  window.neighbour = seen;

  /* What a bundle that asks for `^4.1.0` gets. */
  function shared(name) {
    var versions = Object.keys(scope[name] || {});
    seen[name] = versions;
    return Promise.resolve(scope[name][versions[0]].get()).then(function (factory) {
      return factory();
    });
  }

  /* A launcher that looks at the items and puts none of them aside. */
  function launcherInBetween(launcher) {
    return {
      add: function (item) {
        seen.items.push(item);
        return launcher.add(item);
      },
    };
  }

  function watchIcons(commands) {
    var original = commands.icon.bind(commands);
    commands.icon = function (id, args) {
      if (id === "server-proxy:open") {
        seen.iconsAskedFor.push(args ? args.title : null);
      }
      return original(id, args);
    };
  }

  function activate(app, launcher, restorer) {
    seen.app = app;
    watchIcons(app.commands);
    return shared(OURS).then(function (module) {
      seen.plugin = module.default;
      seen.result = module.default.activate(app, launcherInBetween(launcher), restorer);
      return seen.result;
    });
  }

  function extension() {
    return Promise.all([shared("@jupyterlab/launcher"), shared("@jupyterlab/application")]).then(
      function (modules) {
        var plugin = {
          id: "a-neighbour:plugin",
          autoStart: true,
          requires: [modules[0].ILauncher, modules[1].ILayoutRestorer],
          activate: activate,
        };
        return function () {
          return { __esModule: true, default: plugin };
        };
      },
    );
  }

  window._JUPYTERLAB = window._JUPYTERLAB || {};
  window._JUPYTERLAB["a-neighbour"] = {
    init: function (shareScope) {
      scope = shareScope;
    },
    get: function (name) {
      return name === "./extension"
        ? extension()
        : Promise.reject(new Error("no module " + name));
    },
  };
})();
