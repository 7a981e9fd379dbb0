"use strict";
// Follows a service that is not ready, and opens it when it is. Without this script the page
// refreshes itself; nothing here asks again and again, all news come by server-sent events.
(() => {
  const KEPT_LINES = 1000;
  const facts = JSON.parse(document.getElementById("facts").textContent);
  const main = document.querySelector("main");
  const at = (id) => document.getElementById(id);
  // What the clock here is off from the server's, for which times of events are given.
  const skew = Date.parse(facts.now) - Date.now();
  const now = () => Date.now() + skew;
  let server = facts.server;
  let source = null;
  let isPatient = true;
  let isOpening = false;

  // --- what is shown ------------------------------------------------------------------------

  const say = (id, text) => {
    const element = at(id);
    // Unchanged text is not set again, or it would be read out again.
    if (element && element.textContent !== text) element.textContent = text;
  };

  const seconds = (number) => `${Math.max(0, Math.round(number))} s`;

  function show(view, phase) {
    main.dataset.view = view;
    // Why it had been stopped before is no news any more.
    if (view === "stopped" && at("reason")) at("reason").remove();
    say("phase", phase);
    document.title = `${phase} – ${server.title}`;
    tick();
  }

  function showFailure(failure) {
    show("failed", "The application failed");
    say("log-title", "Log");
    if (!failure) return;
    say("detail", `${server.name}: ${failure.reason}`);
    say("words", failure.words);
    say("attempt", String(failure.attempt));
    say("command", failure.command);
  }

  const STOPPED = {
    person: "It was stopped by a person.",
    idle: "It was stopped because nobody used it.",
    lifetime: "It was stopped because it reached its maximum lifetime.",
    package: "It was stopped by another package.",
  };

  function update(next) {
    server = next;
    for (const button of document.querySelectorAll("button")) button.disabled = false;
    say("resume", server.state === "ready" ? "Open" : "Open when ready");
    switch (server.state) {
      case "ready":
        if (isPatient) open();
        else show("waiting", "The application is ready");
        break;
      case "starting":
        say("note", "");
        if (isPatient) show("starting", "Starting…");
        else show("waiting", "Starting, without you");
        break;
      case "stopping":
        show("stopped", "Stopping…");
        say("stopped", "");
        break;
      case "failed":
        showFailure(server.last_failure);
        break;
      default:
        if (server.last_failure && !server.stopped_by) {
          showFailure(server.last_failure); // the time to cool down is over, nothing else
          break;
        }
        show("stopped", "The application is stopped");
        say("stopped", STOPPED[server.stopped_by] || "It is not running.");
    }
  }

  function tick() {
    if (main.dataset.view === "failed") {
      const due = server.last_failure && Date.parse(server.last_failure.retry_at);
      say("next", due ? `in ${seconds((due - now()) / 1000)}` : "when you retry");
    }
    if (main.dataset.view !== "starting") return;
    // Before a restart has stopped the one before, no start has begun.
    const begun = server.state === "stopping" ? NaN : Date.parse(server.started_at);
    const elapsed = begun ? (now() - begun) / 1000 : 0;
    const usual = server.usual_start;
    const expected = usual ? `, usually about ${seconds(Math.max(1, usual))}` : "";
    say("time", seconds(elapsed) + expected);
    if (usual) {
      at("progress").max = 1;
      at("progress").value = Math.min(0.95, elapsed / usual);
    }
  }

  // --- the log ------------------------------------------------------------------------------

  // Sequences of a terminal; the first group is what is set by those for colours.
  const TERMINAL =
    /\x1b\[([\d;:]*)m|\x1b\[[0-?]*[ -\/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[ -\/]*[0-~]|[\x00-\x08\x0b-\x1f\x7f]/g;
  let style = {};

  function color256(number) {
    if (number < 16) return number % 8;
    if (number >= 232) return `rgb(${Array(3).fill(8 + (number - 232) * 10).join()})`;
    const level = (step) => (step ? 55 + 40 * step : 0);
    const cube = number - 16;
    return `rgb(${[Math.floor(cube / 36), Math.floor(cube / 6) % 6, cube % 6].map(level).join()})`;
  }

  function extended(codes) {
    if (codes.shift() === 5) return color256(Math.min(255, codes.shift() || 0));
    return `rgb(${codes.splice(0, 3).map((part) => Math.min(255, part || 0)).join()})`;
  }

  function restyle(parameters) {
    const codes = parameters.split(/[;:]/).map(Number);
    while (codes.length) {
      const code = codes.shift();
      if (code === 0) style = {};
      else if (code === 1) style.bold = true;
      else if (code === 2) style.dim = true;
      else if (code === 3) style.italic = true;
      else if (code === 4) style.underline = true;
      else if (code === 22) style.bold = style.dim = false;
      else if (code === 23) style.italic = false;
      else if (code === 24) style.underline = false;
      else if (code === 38) style.text = extended(codes);
      else if (code === 48) style.ground = extended(codes);
      else if (code === 39) delete style.text;
      else if (code === 49) delete style.ground;
      else if (code >= 30 && code < 38) style.text = code - 30;
      else if (code >= 40 && code < 48) style.ground = code - 40;
      else if (code >= 90 && code < 98) style.text = code - 90;
      else if (code >= 100 && code < 108) style.ground = code - 100;
    }
  }

  function piece(text) {
    const { text: front, ground, ...rest } = style;
    const classes = Object.keys(rest).filter((name) => rest[name]);
    if (typeof front === "number") classes.push(`c${front}`);
    if (typeof ground === "number") classes.push(`b${ground}`);
    if (!classes.length && !front && !ground) return document.createTextNode(text);
    const span = document.createElement("span");
    span.className = classes.join(" ");
    if (typeof front === "string") span.style.color = front;
    if (typeof ground === "string") span.style.backgroundColor = ground;
    span.textContent = text;
    return span;
  }

  function painted(line) {
    const row = document.createElement("span");
    let end = 0;
    for (const match of line.matchAll(TERMINAL)) {
      if (match.index > end) row.append(piece(line.slice(end, match.index)));
      if (match[1] !== undefined) restyle(match[1] || "0");
      end = match.index + match[0].length;
    }
    row.append(piece(line.slice(end) + "\n"));
    return row;
  }

  function addLines(lines, isFirst) {
    const log = at("log");
    if (!log) return;
    const isAtEnd = isFirst || log.scrollHeight - log.scrollTop - log.clientHeight < 40;
    if (isFirst) {
      log.replaceChildren();
      style = {};
    }
    log.append(...lines.slice(-KEPT_LINES).map(painted));
    while (log.childElementCount > KEPT_LINES) log.firstElementChild.remove();
    if (isAtEnd) log.scrollTop = log.scrollHeight;
  }

  // --- what comes from the server -----------------------------------------------------------

  function open() {
    if (isOpening) return;
    isOpening = true;
    disconnect();
    show("starting", "Opening…");
    // The same address, with its query and fragment. Programs that steer a browser take a page that
    // goes before it is loaded for one that could not be loaded.
    const reload = () => location.reload();
    if (document.readyState === "complete") reload();
    else window.addEventListener("load", () => setTimeout(reload));
  }

  function lookAgain() {
    if (main.dataset.view !== "starting") return;
    // Loaded anew, it would be taken for a person's wish for another try.
    if (facts.again) location.replace(facts.again + location.hash);
    else location.reload();
  }

  function connect() {
    if (source || isOpening) return;
    if (!facts.follow) {
      setTimeout(lookAgain, 1000 * facts.refresh);
      return;
    }
    let isFirst = true;
    const isOurs = (it) => it.name === server.name && it.instance === server.instance;
    source = new EventSource(facts.follow);
    source.addEventListener("open", () => { isFirst = true; });
    source.addEventListener("error", () => {
      // A broken connection is made again by itself; a refusal, as after a logout, is not.
      if (source && source.readyState === EventSource.CLOSED) {
        source = null;
        setTimeout(lookAgain, 1000 * facts.refresh);
      }
    });
    source.addEventListener("lines", (event) => {
      const { lines, left_out: missing } = JSON.parse(event.data);
      addLines(missing ? [`[${missing} lines left out]`, ...lines] : lines, isFirst);
      isFirst = false;
    });
    source.addEventListener("state", (event) => {
      const next = JSON.parse(event.data);
      if (isOurs(next)) update(next);
    });
    source.addEventListener("servers", (event) => {
      const next = JSON.parse(event.data).servers.find(isOurs);
      if (next) update(next);
    });
  }

  function disconnect() {
    if (source) source.close();
    source = null;
  }

  // Browsers allow few connections to one server: pages in hidden tabs of JupyterLab need none.
  function followWhileShown() {
    if (window.self === window.top) {
      connect();
      return;
    }
    new IntersectionObserver((entries) => {
      if (entries.at(-1).isIntersecting) connect();
      else disconnect();
    }).observe(document.documentElement);
  }

  // --- what a person does -------------------------------------------------------------------

  async function command(name) {
    const answer = await fetch(`${facts.api}/${name}?wait=false`, {
      method: "POST",
      headers: { "X-XSRFToken": facts.xsrf },
    });
    if (!answer.ok) {
      const problem = await answer.json().catch(() => null);
      throw new Error((problem && problem.detail) || `status ${answer.status}`);
    }
  }

  function report() {
    const failure = server.last_failure || {};
    return [
      `Application: ${server.name}`,
      `Address: ${location.origin}${location.pathname}`,
      `Failed: ${failure.reason} (${failure.words})`,
      `At: ${failure.failed_at}, attempt ${failure.attempt}`,
      `Command: ${failure.command}`,
      "Last output:",
      ...(failure.output || []).slice(-facts.shown_lines).map((line) => line.replace(TERMINAL, "")),
    ].join("\n");
  }

  async function copy(text) {
    if (navigator.clipboard) {
      await navigator.clipboard.writeText(text);
      return;
    }
    // Without HTTPS there is only the old way.
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    const isCopied = document.execCommand("copy");
    area.remove();
    if (!isCopied) throw new Error("the browser does not allow it");
  }

  const ACTIONS = {
    start: () => {
      isPatient = true;
      if (facts.api) return command("start");
      return location.reload();
    },
    stop: () => command("stop"),
    cancel: () => {
      isPatient = false;
      update(server);
    },
    resume: () => {
      isPatient = true;
      update(server);
    },
    copy: () => copy(report()).then(() => say("note", "Copied")),
  };

  async function act(button) {
    const name = button.dataset.do;
    button.disabled = name === "start" || name === "stop";
    say("note", "");
    try {
      await ACTIONS[name]();
    } catch (error) {
      button.disabled = false;
      say("note", `That did not work: ${error.message}`);
    }
  }

  document.documentElement.classList.add("js");
  for (const button of document.querySelectorAll("button")) {
    if (!facts.api && button.dataset.do === "stop") button.hidden = true;
    button.addEventListener("click", () => act(button));
  }
  if (main.dataset.view === "failed") {
    addLines((server.last_failure && server.last_failure.output) || [], true);
  } else {
    addLines(facts.lines, true);
  }
  // A page that the browser kept in memory knows nothing of what happened meanwhile.
  window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
  setInterval(tick, 500);
  tick();
  followWhileShown();
})();
