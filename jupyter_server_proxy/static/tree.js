/*
 * Entries for services in the New menu of the classic notebook (nbclassic).
 * No build step: this file is served as it is and loaded by RequireJS.
 */
define(["base/js/namespace", "base/js/utils"], function (Jupyter, utils) {
  "use strict";

  var baseUrl = utils.get_body_data("baseUrl");

  function entry(service) {
    var link = document.createElement("a");
    link.setAttribute("role", "menuitem");
    link.tabIndex = -1;
    link.target = "_blank";
    link.href = baseUrl + service.launcher_entry.path_info.replace(/^\/+/, "");
    link.textContent = service.launcher_entry.title;

    var item = document.createElement("li");
    item.setAttribute("role", "presentation");
    item.classList.add("new-" + encodeURIComponent(service.name));
    item.appendChild(link);
    return item;
  }

  function divider() {
    var item = document.createElement("li");
    item.setAttribute("role", "presentation");
    item.className = "divider";
    return item;
  }

  function show(answer) {
    var menu = document.querySelector(".tree-buttons .dropdown-menu");
    var services = answer.server_processes.filter(function (service) {
      return service.launcher_entry.enabled;
    });
    if (!menu || !services.length) {
      return;
    }
    menu.appendChild(divider());
    services.forEach(function (service) {
      menu.appendChild(entry(service));
    });
  }

  function load() {
    // Notebooks and editors load this module too; only the tree page has a list.
    if (!Jupyter.notebook_list) {
      return;
    }
    fetch(baseUrl + "server-proxy/servers-info", { credentials: "same-origin" })
      .then(function (response) {
        if (!response.ok) {
          throw new Error(response.status + " " + response.statusText);
        }
        return response.json();
      })
      .then(show)
      .catch(function (reason) {
        console.warn("Services of Jupyter Server Proxy are not shown.", reason);
      });
  }

  return { load_ipython_extension: load };
});
