"""Texts that must be nowhere, and a search that finds them in whatever form they are there. Standard library only."""
import base64
import json
import random
import re
import urllib.parse

# Of a long text any part of so many bytes counts.
PART = 12
# Cut into these for the search, which keeps all parts of one.
CHUNK = 1 << 18
# Bytes before it in what is encoded as base64, and how many characters depend on these.
SHIFTS = {0: 0, 1: 2, 2: 3}
# Characters that some encoding writes in another way, of those that a header's value may have.
AWKWARD = "\"\\%+/&<>'= "
PLAIN = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"


def make(chance, more=""):
    """A text that is by chance nowhere, with characters that every encoding writes in its own way, and of which no part
    is a part of another one."""
    words = ["".join(chance.choices(PLAIN, k=4)) for _ in range(len(AWKWARD) + 2)]
    return words[0] + "".join(word + mark for word, mark in zip(words[1:], AWKWARD)) + words[-1] + more


def forms(text):
    """Every form in which a text is looked for."""
    raw, quoted = text.encode(), json.dumps(text)[1:-1]
    escaped = [urllib.parse.quote(text, safe) for safe in ("", "/", "!~*'()")] + [urllib.parse.quote_plus(text)]
    found = {
        "raw": [text], "hex": [raw.hex(), raw.hex().upper()],
        "JSON": [quoted, json.dumps(text, ensure_ascii=False)[1:-1], json.dumps(quoted)[1:-1],
                 quoted.replace("/", "\\/")],
        "URL": escaped + [re.sub("%..", lambda code: code[0].lower(), one) for one in escaped],
        "base64": [one for shift in SHIFTS for one in base64_inside(raw, shift)],
    }
    return {name: [one.encode() for one in texts] for name, texts in found.items()}


def base64_inside(raw, shift):
    """As it stands inside of what is encoded together with so many bytes before it, in both alphabets."""
    inside = slice(SHIFTS[shift], (shift + len(raw)) * 8 // 6)
    return [encode(bytes(shift) + raw).decode()[inside] for encode in (base64.b64encode, base64.urlsafe_b64encode)]


class Canaries:
    def __init__(self):
        self.texts, self.parts, self.whole = {}, {}, {}

    def add(self, name, text, parts=None):
        """`parts` in place of the whole where some of the text is public, such as the frame of a PEM."""
        self.texts[name] = text
        for part in parts or [text]:
            for form, patterns in forms(part).items():
                for pattern in patterns:
                    if len(pattern) < 2 * PART:
                        self.whole[pattern] = f"{name} ({form})"
                    for start in range(len(pattern) - PART + 1 if len(pattern) >= 2 * PART else 0):
                        self.parts.setdefault(pattern[start:start + PART], f"{name} ({form})")
        return text

    def find(self, data):
        """Name and form of all that is in the data, with what stands around the first of each."""
        patterns = {one: name for one, name in self.whole.items() if one in data}
        for start in range(0, len(data), CHUNK):
            piece = data[start:start + CHUNK + PART - 1]
            seen = self.parts.keys() & {piece[at:at + PART] for at in range(len(piece) - PART + 1)}
            patterns |= {one: self.parts[one] for one in seen}
        found = {}
        for pattern, name in patterns.items():
            start = data.find(pattern)
            found.setdefault(name, data[max(0, start - 60):start + len(pattern) + 20])
        return found


def prove_itself():
    """Each form of a canary must be seen wherever it lies, and nothing where there is none."""
    chance = random.Random(1)
    noise = chance.randbytes(3_000) + b"\n" + base64.b64encode(chance.randbytes(3_000))
    canaries = Canaries()
    text = canaries.add("planted", make(chance, "é\n"))
    short = canaries.add("short", "0123456789abcdef")
    if canaries.find(noise):
        raise SystemExit(f"a canary is seen where there is none: {canaries.find(noise)}")
    seen = 0
    for name, one in (("planted", text), ("short", short)):
        for form, patterns in forms(one).items():
            for pattern in patterns:
                cut = pattern[5:5 + 2 * PART] if len(pattern) > 5 + 2 * PART else pattern
                for piece in (pattern, cut):
                    seen += 1
                    found = canaries.find(noise[:3_500] + piece + noise[3_500:])
                    if not any(one.startswith(name) for one in found):
                        raise SystemExit(f"{name} is not seen as {form}: {piece}")
    # As others write them: the whole message encoded, not the canary alone.
    message = f'{{"a": {json.dumps(text)}, "b": 1}}'
    for number in range(3):
        for whole in (base64.b64encode((number * "x" + message).encode()), urllib.parse.quote_plus(message).encode(),
                      message.encode().hex().encode(), json.dumps(message).encode()):
            seen += 1
            if not canaries.find(whole):
                raise SystemExit(f"a canary inside a message is not seen: {whole}")
    return seen
