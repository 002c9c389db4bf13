#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The project's rules that a program can check. guards.py <rule> [arguments]; each rule is one CTest test.

Each rule yields lines "file:line: what is wrong"; any line fails the test. `self-test` plants an offence against each
rule in a throw-away tree and fails when a rule does not see it.
"""
import os
import re
import subprocess
import sys
import tempfile

ROOT = os.environ.get("STREAMGAUGE_SOURCE") or os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CODE = (".cpp", ".h")
MAX_LINES = 800
QT_FREE = ("base", "event", "journal", "metrics", "store", "live", "pipeline", "query", "slo",
           "loadgen", "api", "schema", "auth")


def files(root, folders, endings, names=()):
    """Paths below `folders` of `root`, relative, sorted. "." is the root itself without its subfolders."""
    found = []
    for folder in folders:
        if folder == ".":
            found += [n for n in os.listdir(root) if os.path.isfile(os.path.join(root, n))
                      and (n.endswith(endings) or n in names)]
            continue
        for where, subfolders, entries in os.walk(os.path.join(root, folder)):
            subfolders[:] = [s for s in subfolders if s not in ("build", "__pycache__", ".cache")]
            found += [os.path.relpath(os.path.join(where, n), root) for n in entries
                      if n.endswith(endings) or n in names]
    return sorted(found)


def lines(root, path):
    with open(os.path.join(root, path), encoding="utf-8") as file:
        return file.read().split("\n")


def matches(root, paths, pattern, message):
    expression = re.compile(pattern)
    for path in paths:
        for number, line in enumerate(lines(root, path), 1):
            if (match := expression.search(line)):
                yield f"{path}:{number}: {message.format(*match.groups())}"


SOURCE_FOLDERS = ("app", "backend", "qml", "tests", "cmake", "scripts", "installer", ".ci", ".")
SOURCE_NAMES = ("CMakeLists.txt", "Makefile", "Dockerfile", "run")


def sources(root):
    found = files(root, SOURCE_FOLDERS, (".cpp", ".h", ".qml", ".py", ".cmake", ".sh", ".js"), SOURCE_NAMES)
    # Programs without an ending are known by their first line.
    for path in files(root, ("scripts", "installer"), ("",)):
        if "." not in os.path.basename(path) and path not in found:
            with open(os.path.join(root, path), "rb") as file:
                if file.read(2) == b"#!":
                    found.append(path)
    return sorted(set(found))


def licence(root):
    """Each source says its licence in its first five lines."""
    for path in sources(root):
        if not any("SPDX-License-Identifier: GPL-3.0-or-later" in line for line in lines(root, path)[:5]):
            yield f"{path}:1: no SPDX-License-Identifier line"


def length(root):
    """No source is longer than 800 lines."""
    for path in sources(root):
        count = len(lines(root, path)) - 1
        if count > MAX_LINES:
            yield f"{path}:{count}: longer than {MAX_LINES} lines: split it by responsibility"


def singletons(root):
    """No singletons of ours: objects get what they need in the constructor."""
    return matches(root, files(root, ("app", "backend"), CODE), r"\b((?!Q)\w+)::instance\s*\(",
                   "singleton {0}::instance(): pass the object instead")


def layers(root):
    """A backend folder includes only itself and what stands before it in backend/CMakeLists.txt; never app/."""
    with open(os.path.join(root, "backend/CMakeLists.txt"), encoding="utf-8") as file:
        order = re.search(r"foreach\(folder ([^)]*)\)", file.read()).group(1).split()
    present = [name for name in sorted(os.listdir(os.path.join(root, "backend")))
               if os.path.isdir(os.path.join(root, "backend", name))]
    for name in present:
        if name not in order:
            yield f"backend/CMakeLists.txt:1: folder {name} has no place in the order"
    app = [name for name in sorted(os.listdir(os.path.join(root, "app"))) if os.path.isdir(os.path.join(root, "app", name))]
    for rank, name in enumerate(order):
        for path in files(root, (f"backend/{name}",), CODE):
            for number, line in enumerate(lines(root, path), 1):
                included = re.match(r'\s*#\s*include\s*"([\w]+)/', line)
                if not included:
                    continue
                other = included.group(1)
                if other in app and other not in order:
                    yield f"{path}:{number}: backend includes app/{other}"
                elif other in order and order.index(other) > rank:
                    yield f"{path}:{number}: {name} includes {other}, which stands above it"


def qt_free(root):
    """Below http/ there is no Qt."""
    paths = files(root, tuple(f"backend/{name}" for name in QT_FREE), CODE)
    return matches(root, paths, r"(#\s*include\s*<Q\w+|\bQ(?:String|Variant|Object|ByteArray)\b)", "Qt below http/: {0}")


def no_modes(root):
    """QML and view models ask for capabilities, never whether the backend is embedded."""
    paths = files(root, ("qml",), (".qml", ".js")) + files(root, ("app/viewmodels",), CODE)
    return matches(root, paths, r"(?i)(is_?embedded)", "{0}: enable by Hello::features instead")


def open_ends(root):
    """No open ends in the source: an issue holds what is left to do."""
    paths = [p for p in sources(root) if p != "tests/guards/guards.py"]
    return matches(root, paths, r"\b(TODO|FIXME)\b", "{0}")


def registered(root, listing):
    """Every tests/**/*_test.cpp is known to CMake (`listing`: one path a line)."""
    with open(listing, encoding="utf-8") as file:
        known = {os.path.relpath(line.strip(), root) for line in file if line.strip() and not line.startswith("skip ")}
    with open(listing, encoding="utf-8") as file:
        skipped = tuple(line.split()[1] + "/" for line in file if line.startswith("skip "))
    for path in files(root, ("tests",), ("_test.cpp",)):
        if path not in known and not path.startswith(skipped):
            yield f"{path}:1: registered by no streamgauge_test()"


def code_only(text):
    """`text` without comments, and with texts, characters and preprocessor lines emptied; lines stay where they are."""
    def emptied(match):
        return "".join(c for c in match.group(0) if c == "\n") or " "
    return re.sub(r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|(?<!\w)\'(?:\\.|[^\'\\\n])+\'|^[ \t]*#(?:\\\n|[^\n])*',
                  emptied, text, flags=re.S | re.M)


TYPE_HEAD = re.compile(r"^(?:.*?[>\]]\s*)?\b(?:class|struct|union|enum(?:\s+(?:class|struct))?)\s+(?:\[\[.*?\]\]\s*)?"
                       r"((?:\w+::)*\w+)(?:\s+final)?\s*(?::[^:].*)?$", re.S)


def type_definitions(text):
    """(line, name) of each type that code defines in a namespace that has a name, not those inside types or functions.
    Specialisations of templates are none: their names end in >."""
    scopes = []  # a namespace's name, "" for an anonymous one, None for everything else in braces
    begin = 0
    for match in re.finditer(r"[{};]", text):
        at = match.start()
        if match.group(0) == "{":
            head = " ".join(text[begin:at].split())
            namespace = re.search(r"(?:^|\s)namespace(?:\s+([\w:]+))?$", head)
            if namespace:
                scopes.append(namespace.group(1) or "")
            else:
                named = TYPE_HEAD.match(head) if all(scopes) else None
                if named:
                    yield text.count("\n", 0, at) + 1, "::".join([*scopes, named.group(1)])
                scopes.append(None)
        elif match.group(0) == "}" and scopes:
            scopes.pop()
        begin = at + 1


def one_definition(root):
    """No two files define types of one name in one namespace: the linker keeps one of their functions for both."""
    seen = {}
    for path in files(root, ("app", "backend"), CODE):
        for number, name in type_definitions(code_only("\n".join(lines(root, path)))):
            first = seen.setdefault(name, (path, number))
            if first[0] != path:
                yield f"{path}:{number}: {name} is also defined at {first[0]}:{first[1]}: rename one, or use an anonymous namespace"


def links(root, program):
    """streamgauged links no part of Qt that draws."""
    listed = subprocess.run(["ldd", program], check=True, capture_output=True, text=True).stdout
    if "libc.so" not in listed:
        yield f"{program}: ldd says nothing about it"
    for library in re.findall(r"libQt6(?:Gui|Widgets|Qml|Quick|Charts|OpenGL)\w*", listed):
        yield f"{program}: links {library}"


RULES = {"licence": licence, "length": length, "singletons": singletons, "layers": layers, "qt-free": qt_free,
         "no-modes": no_modes, "open-ends": open_ends, "one-definition": one_definition, "registered": registered, "links": links}


def self_test():
    """Each rule must see an offence planted against it, and pass the tree without it."""
    spdx = "// SPDX-License-Identifier: GPL-3.0-or-later\n"
    clean = {
        "backend/CMakeLists.txt": "# SPDX-License-Identifier: GPL-3.0-or-later\nforeach(folder base api http)\n",
        "backend/base/a.h": spdx, "backend/api/a.h": spdx + '#include "base/a.h"\n', "backend/http/a.h": spdx,
        # One name in other namespaces, in anonymous ones, in types, in functions, and only mentioned.
        "backend/api/a.cpp": spdx + "namespace streamgauge {\nstruct Flight {\n    enum class Kind { A };\n};\n}\n",
        "backend/base/a.cpp": spdx + "namespace streamgauge {\nnamespace {\nstruct Flight {};\n}\nstruct Flight;\n"
                              "// struct Flight {\nvoid f() {\n    struct Flight {};\n}\nstruct Bird { struct Flight {}; "
                              "enum class Kind { A }; };\n}\nnamespace streamgauge::base { class Flight {}; }\n",
        "app/viewmodels/a.h": spdx, "qml/A.qml": spdx, "tests/base/a_test.cpp": spdx, "scripts/tool": "#!/bin/sh\n# " + spdx,
    }
    planted = {
        "licence": ("scripts/tool", "#!/bin/sh\necho\n"),
        "length": ("backend/base/a.h", spdx + "\n" * MAX_LINES),
        "singletons": ("backend/base/a.h", spdx + "auto& x = Registry::instance();\n"),
        "layers": ("backend/base/a.h", spdx + '#include "api/a.h"\n'),
        "qt-free": ("backend/api/a.h", spdx + "#include <QString>\n"),
        "no-modes": ("qml/A.qml", spdx + "visible: client.isEmbedded\n"),
        "open-ends": ("backend/http/a.h", spdx + "// TO" + "DO later\n"),
        "registered": ("tests/base/b_test.cpp", spdx),
        "one-definition": ("backend/http/b.cpp", spdx + "namespace streamgauge {\nstruct Flight final : Base {\n};\n}\n"),
    }
    for rule, (path, text) in planted.items():
        for offence in (False, True):
            with tempfile.TemporaryDirectory() as root:
                tree = dict(clean)
                if offence:
                    tree[path] = text
                for name, content in tree.items():
                    os.makedirs(os.path.dirname(os.path.join(root, name)), exist_ok=True)
                    with open(os.path.join(root, name), "w", encoding="utf-8") as file:
                        file.write(content)
                listing = os.path.join(root, "listing")
                with open(listing, "w", encoding="utf-8") as file:
                    file.write(os.path.join(root, "tests/base/a_test.cpp") + "\n")
                found = list(RULES[rule](root, *([listing] if rule == "registered" else [])))
                if bool(found) != offence:
                    yield f"guards.py: rule {rule} {'does not see its offence' if offence else f'is wrong: {found}'}"


def main():
    if len(sys.argv) < 2 or sys.argv[1] not in [*RULES, "self-test"]:
        sys.exit(f"usage: guards.py <{'|'.join([*RULES, 'self-test'])}> [arguments]")
    rule = sys.argv[1]
    found = list(self_test() if rule == "self-test" else RULES[rule](ROOT, *sys.argv[2:]))
    for line in found:
        print(line)
    if not found:
        print(f"{rule}: nothing to complain about")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
