"""Finds the mutants of a C file, and writes a copy of it in which all of them sleep: find(path, compile flags, first number).

clang's syntax tree says where conditions, branches and constants are, so nothing is guessed from text; what a macro's body spells is left
alone, and so are the conditions of assertions and what must be constant when compiled. Kinds:

    < to <=, < to >=, == to !=      each comparison: to its neighbour, and to its opposite
    not (c)                         each condition of if, ?:, while, for, do and each side of && and ||, where it is no comparison
    without { ... }                 each branch of an if, each body of a loop, each case of a switch
    0 to 1, false to true           each 0, 1, true and false in an expression
    state FROM by INPUT: A to B     each cell of the orders' state table

A mutant is put in by insertions that keep lines where they are. Operands are evaluated once: `a < b` becomes
({ auto l = (a); auto r = (b); alive(7) ? l <= r : alive(8) ? l >= r : l < r; })."""
import collections, json, re, subprocess

Mutant = collections.namedtuple("Mutant", "id file line what source")

NEIGHBOUR = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": None, "!=": None}
OPPOSITE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}
FLIPPED = {"0": "1", "1": "0", "false": "true", "true": "false"}
ASSERTIONS = {"MR_ASSERT", "MR_DCHECK", "static_assert", "_Static_assert"}
CONSTANT = {"ConstantExpr", "UnaryExprOrTypeTraitExpr", "OffsetOfExpr", "EnumDecl", "StaticAssertDecl"}


def short(text, most=60):
    text = " ".join(text.split())
    return text if len(text) <= most else text[: most - 3] + "..."


class Finder:
    def __init__(self, path, first):
        self.path, self.next = path, first
        self.source = open(path, "rb").read()
        self.mutants, self.seen, self.insertions, self.order = [], set(), [], 0
        self.said = collections.Counter()

    # ---- where things are ----

    def macro(self, loc):
        ex = loc.get("expansionLoc")
        if not ex or "includedFrom" in ex or "offset" not in ex:
            return None
        return re.match(rb"\w*", self.source[ex["offset"] :]).group().decode()

    def place(self, loc, end):
        """The offset in this file of a location, or of what lies behind it; None: it is elsewhere."""
        if "expansionLoc" in loc:
            ex, spelt = loc["expansionLoc"], loc["spellingLoc"]
            if ex.get("isMacroArgExpansion") and "includedFrom" not in spelt and "offset" in spelt:
                loc = spelt
            elif "includedFrom" in ex or "offset" not in ex:
                return None
            else: # a macro's body: the whole call stands for it
                at = ex["offset"]
                return self.behind_call(at) if end else at
        if "includedFrom" in loc or "offset" not in loc:
            return None
        return loc["offset"] + (loc["tokLen"] if end else 0)

    def behind_call(self, at):
        at += re.match(rb"\w+", self.source[at:]).end()
        if self.source[at : at + 1] != b"(":
            return at
        depth = 0
        while True:
            depth += {b"(": 1, b")": -1}.get(self.source[at : at + 1], 0)
            at += 1
            if not depth:
                return at

    def span(self, node):
        r = node.get("range", {})
        b, e = self.place(r.get("begin", {}), False), self.place(r.get("end", {}), True)
        if b is None or e is None or e <= b:
            return None
        text = re.sub(rb"'(\\.|[^'])'|\"(\\.|[^\"])*\"|/\*.*?\*/", b"", self.source[b:e], flags=re.S).decode()
        whole = all(text.count(opens) == text.count(closes) for opens, closes in ("()", "[]", "{}"))
        return (b, e) if whole else None

    def call(self, node):
        """The macro call whose body spells this node, first word to last; None: it is written here."""
        ends = [node.get("range", {}).get(k, {}).get("expansionLoc", {}) for k in ("begin", "end")]
        if any(e.get("isMacroArgExpansion") for e in ends) or ends[0].get("offset") != ends[1].get("offset"):
            return None
        return ends[0].get("offset")

    def in_assertion(self, node):
        r = node.get("range", {})
        return self.macro(r.get("begin", {})) in ASSERTIONS or self.macro(r.get("end", {})) in ASSERTIONS

    # ---- putting mutants in ----

    def mutant(self, at, what):
        line = self.source.count(b"\n", 0, at) + 1
        source = self.source.split(b"\n")[line - 1].decode().strip()
        self.said[line, what] += 1
        if self.said[line, what] > 1: # the same once more in this line
            what += f" #{self.said[line, what]}"
        self.mutants.append(Mutant(self.next, self.path, line, what, source))
        self.next += 1
        return self.next - 1

    def once(self, kind, span):
        """Arguments of macros may be met several times."""
        known = span is None or (kind, span) in self.seen
        self.seen.add((kind, span))
        return not known

    def around(self, span, before, after):
        """Ends come before begins at one place; what is outside begins first and ends last."""
        self.order += 1
        b, e = span
        self.insertions.append(((b, 1, -e, self.order), before))
        self.insertions.append(((e, 0, -b, -self.order), after))

    def text(self):
        out, at = [], 0
        for (where, *_), text in sorted(self.insertions):
            out += [self.source[at:where], text.encode()]
            at = where
        return b"".join(out + [self.source[at:]])

    # ---- kinds ----

    def comparison(self, node):
        op, (left, right) = node["opcode"], node["inner"]
        l, r = self.span(left), self.span(right)
        if l is None or r is None or self.source[l[1] : r[0]].strip() != op.encode() or not self.once("cmp", (l[0], r[1])):
            return
        ways = []
        text = short(self.source[l[0] : r[1]].decode())
        for other in (NEIGHBOUR[op], OPPOSITE[op]):
            if other:
                ways.append((self.mutant(l[1], f"{op} to {other}: {text}"), other))
        name = ways[0][0]
        chosen = "".join(f"mr_mutant_is({i}) ? l{name} {other} r{name} : " for i, other in ways) + f"l{name} {op} r{name}"
        self.around((l[0], r[1]), f"({{ __auto_type l{name} = (", f"); {chosen}; }})")
        # the operator becomes a comment, so that lines stay
        self.order += 1
        self.insertions.append(((l[1], 0, -l[0] + 0.5, -self.order), f"); __auto_type r{name} = (/*"))
        self.insertions.append(((r[0], 1, -r[1] - 0.5, self.order), "*/"))

    def condition(self, node):
        inner = node
        while inner.get("kind") in ("ParenExpr", "ImplicitCastExpr"):
            inner = inner["inner"][0]
        if inner.get("kind") == "BinaryOperator" and inner["opcode"] in NEIGHBOUR and self.span(inner):
            return # has an opposite of its own
        span = self.span(node)
        if self.once("not", span):
            i = self.mutant(span[0], f"not: {short(self.source[span[0]:span[1]].decode())}")
            self.around(span, "(!!(", f") ^ mr_mutant_is({i}))")

    def branch(self, nodes, what):
        spans = [self.span(n) for n in nodes]
        if not spans or any(s is None for s in spans) or not self.once("without", spans[0]):
            return
        text = short(self.source[spans[0][0] : spans[-1][1]].decode())
        if not text.strip("{} ;"):
            return
        i = self.mutant(spans[0][0], f"without {what}: {text}")
        for b, e in spans:
            m = re.match(rb"\s*;", self.source[e:])
            self.around((b, e + (m.end() if m else 0)), f"{{ if (!mr_mutant_is({i})) ", " }")

    def cases(self, body):
        group = []
        for node in body.get("inner", []) + [None]:
            labels = False
            inner = node
            while inner and inner["kind"] in ("CaseStmt", "DefaultStmt"):
                inner, labels = inner["inner"][-1], True
            if node is None or labels:
                if group:
                    self.branch(group, "case")
                group = []
            if inner is None or inner["kind"] in ("BreakStmt", "NullStmt"):
                continue
            if inner["kind"] == "DeclStmt" or group is None:
                group = None # cannot be left out: what follows needs it
                continue
            group.append(inner)

    def constant(self, node):
        begin = node["range"]["begin"]
        ex = begin.get("expansionLoc", {})
        name = self.macro(begin)
        if name in ("true", "false") and not ex.get("isMacroArgExpansion"):
            span, value = (ex["offset"], ex["offset"] + len(name)), name
        else:
            span, value = self.span(node), node.get("value")
            if span is None or not re.fullmatch(rb"[01][uUlL]*", self.source[span[0] : span[1]]):
                return
        if value in FLIPPED and self.once("constant", span):
            i = self.mutant(span[0], f"{value} to {FLIPPED[value]}")
            self.around(span, f"(mr_mutant_is({i}) ? {int(value not in ('1', 'true'))} : ", ")")

    # ---- the walk ----

    def walk(self, node):
        kind, inner = node.get("kind"), node.get("inner", [])
        if kind in CONSTANT or (kind == "VarDecl" and node.get("storageClass") == "static") or self.in_assertion(node):
            return
        call = self.call(node)
        if call is not None and any(self.call(child) == call for child in inner):
            pass # its parts stand in the macro's body; arguments are met below
        elif kind == "BinaryOperator" and node["opcode"] in NEIGHBOUR:
            self.comparison(node)
        elif kind == "BinaryOperator" and node["opcode"] in ("&&", "||"):
            for side in inner:
                self.condition(side)
        elif kind == "ConditionalOperator":
            self.condition(inner[0])
        elif kind == "IfStmt":
            self.condition(inner[0])
            self.branch(inner[1:2], "then")
            self.branch(inner[2:3], "else")
        elif kind == "WhileStmt":
            self.condition(inner[0])
            self.branch(inner[1:2], "loop")
        elif kind == "DoStmt":
            self.condition(inner[1])
        elif kind == "ForStmt":
            if inner[2].get("kind"):
                self.condition(inner[2])
            self.branch(inner[4:5], "loop")
        elif kind == "SwitchStmt":
            self.cases(inner[1])
        elif kind == "IntegerLiteral":
            self.constant(node)
        zeroed = kind == "InitListExpr" and len(inner) == 1 and self.source_is(node, rb"\{(0|false)\}")
        for child in [] if zeroed else inner: # {0} empties a whole, whatever its first member is
            self.walk(child)

    def source_is(self, node, pattern):
        span = self.span(node)
        return span and re.fullmatch(pattern, self.source[span[0] : span[1]])


STATES = re.compile(r"^MR_STATE\((.*)\)", re.M)
INPUTS = re.compile(r"^ \* +state +(.*?) *\*/", re.M)


def table(finder, source):
    """The state table is data: a mutant changes one cell of it when the program begins."""
    def_path = finder.path[:-1] + "def"
    rows = [[cell.strip() for cell in row.split(",")] for row in STATES.findall(open(def_path).read())]
    inputs = INPUTS.search(open(def_path).read()).group(1).split()
    states = ["NO", "LATE"] + [row[0] for row in rows]
    base, pokes = finder.next, []
    lines = open(def_path).read().split("\n")
    for row in rows:
        at = next(n for n, text in enumerate(lines) if re.match(rf"MR_STATE\({row[0]},", text))
        for input_name, cell in zip(inputs, row[1:]):
            other = states[(states.index(cell) + 1) % len(states)]
            what = f"state {row[0]} by {input_name}: {cell} to {other}"
            finder.mutants.append(Mutant(finder.next, def_path, at + 1, what, lines[at]))
            pokes.append(f"MR_STATE_{other}")
            finder.next += 1
    assert b"static const int8_t next[" in source, "the state table is called otherwise now"
    source = source.replace(b"static const int8_t next[", b"static int8_t next[", 1)
    return source + f"""
__attribute__((constructor(102))) static void mr_mutant_cell(void)
{{
    static const int8_t other[] = {{{", ".join(pokes)}}};
    for (int i = 0; i < {len(pokes)}; i++)
        if (mr_mutant_is({base} + i))
            next[i / MR_INPUT_COUNT][i % MR_INPUT_COUNT] = other[i];
}}
""".encode()


def find(path, flags, first):
    """(mutants, text of the copy); their numbers begin with `first`."""
    tree = subprocess.run(["clang", "-x", "c", "-fsyntax-only", "-w", "-Xclang", "-ast-dump=json", *flags, path],
                          check=True, capture_output=True)
    finder = Finder(path, first)
    for node in json.loads(tree.stdout)["inner"]:
        if node["kind"] == "FunctionDecl" and "offset" in node["loc"] and "includedFrom" not in node["loc"]:
            finder.walk(node)
    text = finder.text()
    if path.endswith("orders/states.c"):
        text = table(finder, text)
    return finder.mutants, b'#include "tests/mutate/mutant.h"\n#line 1 "' + path.encode() + b'"\n' + text
