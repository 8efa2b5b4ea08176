"use strict";
// Everything works without this file; it adds keys, evidence by selection, and vanishing contacts.
(function () {
  function typing(target) {
    return target.closest("input:not([type=radio]):not([type=checkbox]), textarea, select") !== null;
  }

  // Two digits choose the type of that code; after S, one that the complaint has besides.
  var digits = "", besides = false;
  function chooseType(key) {
    digits += key;
    if (digits.length === 2) {
      var kind = besides ? "checkbox" : "radio";
      var box = document.querySelector("input[type=" + kind + '][data-code="' + digits + '"]');
      if (box) {
        box.click();
      }
      digits = "";
      besides = false;
    }
  }
  function showDefinition() {
    var primary = document.querySelector("input[name=primary]:checked");
    if (primary) {
      var details = primary.closest("tr").querySelector("details");
      details.open = !details.open;
    }
  }
  if (document.querySelector("table.types")) {
    document.body.classList.add("has-script");
  }

  // Keys press the button that names them.
  document.addEventListener("keydown", function (event) {
    if (event.key === "Escape" && typing(event.target)) {
      event.target.blur();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || typing(event.target)) {
      return;
    }
    var key = event.key.toLowerCase();
    if (document.querySelector("table.types")) {
      if (/^[0-9]$/.test(key)) {
        chooseType(key);
        return;
      }
      digits = "";
      if (key === "s") {
        besides = true;
        return;
      }
      besides = false;
      if (key === "d") {
        showDefinition();
        return;
      }
      if (key === "n") {
        event.preventDefault();
        document.querySelector("textarea[name=reason]").focus();
        return;
      }
    }
    if (key === "e" && document.getElementById("take")) {
      event.preventDefault();
      document.getElementById("take").click();
      return;
    }
    var button = /^[a-z]$/.test(key) && document.querySelector('button[data-key="' + key + '"]');
    if (button && !button.disabled) {
      event.preventDefault();
      button.click();
    }
  });

  // A second press must not send a form twice.
  document.addEventListener("submit", function (event) {
    var form = event.target;
    var button = event.submitter;
    var question = button && button.dataset.confirm;
    if (question && !window.confirm(question)) {
      event.preventDefault();
      return;
    }
    if (form.method === "post") {
      if (form.dataset.sent) {
        event.preventDefault();
      }
      form.dataset.sent = "yes";
    }
  });
  window.addEventListener("pageshow", function () {
    document.querySelectorAll("form[data-sent]").forEach(function (form) {
      delete form.dataset.sent;
    });
  });

  document.querySelectorAll("input[data-all]").forEach(function (all) {
    document.body.classList.add("has-script");
    all.addEventListener("change", function () {
      document.querySelectorAll('input[name="' + all.dataset.all + '"]').forEach(function (box) {
        box.checked = all.checked;
      });
    });
  });

  // Selected text becomes evidence of the primary type.
  var take = document.getElementById("take");
  if (take) {
    document.body.classList.add("has-script");
    var chosen = "";
    var look = function () {
      var selection = window.getSelection();
      var source = document.getElementById("source");
      if (selection.rangeCount && source.contains(selection.anchorNode) && source.contains(selection.focusNode)) {
        chosen = selection.toString().trim();
      }
    };
    // The event comes late where the machine is busy, and a click elsewhere ends a selection: both look.
    document.addEventListener("selectionchange", look);
    take.addEventListener("click", function () {
      look();
      var primary = document.querySelector("input[name=primary]:checked");
      if (!chosen || !primary) {
        window.alert(primary ? "请先在正文中选中一段文字。" : "请先选定主要类型。");
        return;
      }
      var box = document.createElement("input");
      box.type = "checkbox";
      box.name = "evidence";
      box.value = primary.value + ":" + chosen;
      box.checked = true;
      var name = document.createElement("b");
      name.textContent = primary.getAttribute("aria-label").replace("主要：", "");
      var label = document.createElement("label");
      label.append(box, " ", name, " ", chosen);
      var line = document.createElement("li");
      line.append(label);
      document.getElementById("evidence").append(line);
      chosen = "";
      window.getSelection().removeAllRanges();
    });
  }

  document.querySelectorAll("[data-vanish]").forEach(function (element) {
    window.setTimeout(function () {
      element.textContent = "已隐去。";
    }, Number(element.dataset.vanish) * 1000);
  });
})();
