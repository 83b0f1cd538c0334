"""Which bidirectional class does a character have? A table of our own, so that no version of Python decides about pixels.

The classes are those of Unicode 18.0 (UAX #9 §3.2), unassigned characters included with the class that
DerivedBidiClass.txt reserves for them. Python's `unicodedata` follows the interpreter (3.11 has Unicode 14.0), and ICU's
properties are not reachable from icu4py. A class is one byte, so that the rules of `bidi` can be searches over `bytes`:

    L R A(=AL)  strong      1 EN  2 AN  + ES  % ET  , CS  m NSM   weak        b BN    P B   S S   w WS   o ON   neutral
    e LRE  f RLE  g LRO  h RLO  k PDF   embeddings                i LRI  j RLI  x FSI  z PDI   isolates
"""

import functools
import re

import numpy as np

UNICODE_VERSION = "18.0"

CODES = {
    "L": "L", "R": "R", "AL": "A", "EN": "1", "AN": "2", "ES": "+", "ET": "%", "CS": ",", "NSM": "m", "BN": "b", "B": "P", "S": "S",
    "WS": "w", "ON": "o", "LRE": "e", "RLE": "f", "LRO": "g", "RLO": "h", "PDF": "k", "LRI": "i", "RLI": "j", "FSI": "x", "PDI": "z",
}  # fmt: skip
"""Unicode's name of each class -> our byte."""

BRACKETS = dict(
    zip(
        "([{༺༼᚛⁅⁽₍⌈⌊\u2329❨❪❬❮❰❲❴⟅⟦⟨⟪⟬⟮⦃⦅⦇⦉⦋⦍⦏⦑⦓⦕⦗⧘⧚⧼⸢⸤⸦⸨⹕⹗⹙⹛\u2e62〈《「『【〔〖〘〚﹙﹛﹝（［｛｟｢",
        ")]}༻༽᚜⁆⁾₎⌉⌋\u232a❩❫❭❯❱❳❵⟆⟧⟩⟫⟭⟯⦄⦆⦈⦊⦌⦐⦎⦒⦔⦖⦘⧙⧛⧽⸣⸥⸧⸩⹖⹘⹚⹜\u2e63〉》」』】〕〗〙〛﹚﹜﹞）］｝｠｣",
        strict=True,
    )
)
"""Opening -> closing paired bracket (BidiBrackets.txt). U+2329 and U+232A are the same as U+3008 and U+3009: see `PAIR`."""

SAME_BRACKET = {"\u2329": "\u3008", "\u232a": "\u3009"}
"""Canonical equivalents, which UAX #9 BD14 to BD16 lets pair with each other."""

_RANGES = """
    b0 S9 Pa Sb wc Pd be P1c S1f w20 o21 %23 o26 +2b ,2c +2d ,2e 130 ,3a o3b L41 o5b L61 o7b b7f P85 b86 ,a0 oa1 %a2
    oa6 Laa oab bad oae %b0 1b2 ob4 Lb5 ob6 1b9 Lba obb Lc0 od7 Ld8 of7 Lf8 o2b9 L2bb o2c2 L2d0 o2d2 L2e0 o2e5 L2ee
    o2ef m300 L370 o374 L376 o37e L37f o384 L386 o387 L388 o3f6 L3f7 m483 L48a o58a L58b o58d %58f R590 m591 R5be m5bf
    R5c0 m5c1 R5c3 m5c4 R5c6 m5c7 R5ca 2600 o606 A608 %609 A60b ,60c A60d o60e m610 A61b m64b 2660 %66a 266b A66d m670
    A671 m6d6 26dd o6de m6df A6e5 m6e7 o6e9 m6ea A6ee 16f0 A6fa m711 A712 m730 A74b m7a6 A7b1 R7c0 m7eb R7f4 o7f6 R7fa
    m7fd R7fe m816 R81a m81b R824 m825 R828 m829 R82e m859 R85c A860 2890 A892 m897 A8a0 m8ca 28e2 m8e3 L903 m93a L93b
    m93c L93d m941 L949 m94d L94e m951 L958 m962 L964 m981 L982 m9bc L9bd m9c1 L9c5 m9cd L9ce m9e2 L9e4 %9f2 L9f4 %9fb
    L9fc m9fe L9ff ma01 La03 ma3c La3d ma41 La43 ma47 La49 ma4b La4e ma51 La52 ma70 La72 ma75 La76 ma81 La83 mabc Labd
    mac1 Lac6 mac7 Lac9 macd Lace mae2 Lae4 %af1 Laf2 mafa Lb00 mb01 Lb02 mb3c Lb3d mb3f Lb40 mb41 Lb45 mb4d Lb4e mb53
    Lb57 mb62 Lb64 mb82 Lb83 mbc0 Lbc1 mbcd Lbce obf3 %bf9 obfa Lbfb mc00 Lc01 mc04 Lc05 mc3c Lc3d mc3e Lc41 mc46 Lc49
    mc4a Lc4e mc55 Lc57 mc62 Lc64 oc78 Lc7f mc81 Lc82 mcbc Lcbd mccc Lcce mce2 Lce4 md00 Ld02 md3b Ld3d md41 Ld45 md4d
    Ld4e md62 Ld64 md81 Ld82 mdca Ldcb mdd2 Ldd5 mdd6 Ldd7 me31 Le32 me34 Le3b %e3f Le40 me47 Le4f meb1 Leb2 meb4 Lebd
    mec8 Lecf mf18 Lf1a mf35 Lf36 mf37 Lf38 mf39 of3a Lf3e mf71 Lf7f mf80 Lf85 mf86 Lf88 mf8d Lf98 mf99 Lfbd mfc6 Lfc7
    m102d L1031 m1032 L1038 m1039 L103b m103d L103f m1058 L105a m105e L1061 m1071 L1075 m1082 L1083 m1085 L1087 m108d
    L108e m109d L109e m135d L1360 o1390 L139a o1400 L1401 w1680 L1681 o169b L169d m1712 L1715 m1732 L1734 m1752 L1754
    m1772 L1774 m17b4 L17b6 m17b7 L17be m17c6 L17c7 m17c9 L17d4 %17db L17dc m17dd L17de o17f0 L17fa o1800 m180b b180e
    m180f L1810 m1885 L1887 m18a9 L18aa m1920 L1923 m1927 L1929 m1932 L1933 m1939 L193c o1940 L1941 o1944 L1946 o19de
    L1a00 m1a17 L1a19 m1a1b L1a1c m1a56 L1a57 m1a58 L1a5f m1a60 L1a61 m1a62 L1a63 m1a65 L1a6d m1a73 L1a7d m1a7f L1a80
    m1ab0 L1af1 m1b00 L1b04 m1b34 L1b35 m1b36 L1b3a m1b6b L1b74 m1b80 L1b82 m1ba2 L1ba6 m1ba8 L1baa m1bab L1bae m1be6
    L1be7 m1be8 L1bea m1bed L1bee m1bef L1bf2 m1c2c L1c34 m1c36 L1c38 m1cd0 L1cd3 m1cd4 L1ce1 m1ce2 L1ce9 m1ced L1cee
    m1cf4 L1cf5 m1cf8 L1cfa m1dc0 L1e00 o1fbd L1fbe o1fbf L1fc2 o1fcd L1fd0 o1fdd L1fe0 o1fed L1ff0 o1ffd L1fff w2000
    b200b L200e R200f o2010 w2028 P2029 e202a f202b k202c g202d h202e ,202f %2030 o2035 ,2044 o2045 w205f b2060 i2066
    j2067 x2068 z2069 b206a 12070 L2071 12074 +207a o207c L207f 12080 +208a o208c L2090 %20a0 m20d0 L20f1 o2100 L2102
    o2103 L2107 o2108 L210a o2114 L2115 o2116 L2119 o211e L2124 o2125 L2126 o2127 L2128 o2129 L212a %212e L212f o213a
    L213c o2140 L2145 o214a L214e o2150 L2160 o2189 L218c o2190 +2212 %2213 o2214 L2336 o237b L2395 o2396 L242a o2440
    L244b o2460 12488 L249c o24ea L26ac o26ad L2800 o2900 L2b74 o2b76 L2c00 o2ce5 L2ceb m2cef L2cf2 o2cf9 L2d00 m2d7f
    L2d80 m2de0 o2e00 L2e5e o2e60 L2e64 o2e80 L2e9a o2e9b L2ef4 o2f00 L2fd6 o2ff0 w3000 o3001 L3005 o3008 L3021 m302a
    L302e o3030 L3031 o3036 L3038 o303d L3040 m3099 o309b L309d o30a0 L30a1 o30fb L30fc o31c0 L31e6 o31ef L31f0 o321d
    L321f o3250 L3260 o327c L327f o32b1 L32c0 o32cc L32d0 o3377 L337b o33de L33e0 o33ff L3400 o4dc0 L4e00 oa490 La4c7
    oa60d La610 ma66f oa673 ma674 oa67e La680 ma69e La6a0 ma6f0 La6f2 oa700 La722 oa788 La789 ma802 La803 ma806 La807
    ma80b La80c ma825 La827 oa828 ma82c La82d %a838 La83a oa874 La878 ma8c4 La8c6 ma8e0 La8f2 ma8ff La900 ma926 La92e
    ma947 La952 ma980 La983 ma9b3 La9b4 ma9b6 La9ba ma9bc La9be ma9e5 La9e6 maa29 Laa2f maa31 Laa33 maa35 Laa37 maa43
    Laa44 maa4c Laa4d maa7c Laa7d maab0 Laab1 maab2 Laab5 maab7 Laab9 maabe Laac0 maac1 Laac2 maaec Laaee maaf6 Laaf7
    oab6a Lab6c mabe5 Labe6 mabe8 Labe9 mabed Labee Rfb1d mfb1e Rfb1f +fb29 Rfb2a Afb50 ofbc3 Afbd3 ofd3e Afd50 ofd90
    Afd92 ofdc8 bfdd0 Afdf0 ofdfd mfe00 ofe10 Lfe1a mfe20 ofe30 ,fe50 ofe51 ,fe52 Lfe53 ofe54 ,fe55 ofe56 %fe5f ofe60
    +fe62 ofe64 Lfe67 ofe68 %fe69 ofe6b Lfe6c Afe70 bfeff Lff00 off01 %ff03 off06 +ff0b ,ff0c +ff0d ,ff0e 1ff10 ,ff1a
    off1b Lff21 off3b Lff41 off5b Lff66 %ffe0 offe2 %ffe5 Lffe7 offe8 Lffef bfff0 offf9 bfffe L10000 o10101 L10102
    o10140 L1018d o10190 L1019d o101a0 L101a1 m101fd L101fe m102e0 1102e1 L102fc m10376 L1037b R10800 o1091f R10920
    m10a01 R10a04 m10a05 R10a07 m10a0c R10a10 m10a38 R10a3b m10a3f R10a40 m10ae5 R10ae7 o10b39 R10b40 A10d00 m10d24
    A10d28 210d30 A10d3a 210d40 R10d4a m10d69 o10d6e R10d6f 210e60 R10e7f m10eab R10ead A10ec0 m10ecb o10ed0 A10ed9
    m10ef0 R10f00 A10f30 m10f46 A10f51 R10f70 m10f82 R10f86 L11000 m11001 L11002 m11038 L11047 o11052 L11066 m11070
    L11071 m11073 L11075 m1107f L11082 m110b3 L110b7 m110b9 L110bb m110c2 L110c3 m11100 L11103 m11127 L1112c m1112d
    L11135 m11173 L11174 m11180 L11182 m111b6 L111bf m111c9 L111cd m111cf L111d0 m1122f L11232 m11234 L11235 m11236
    L11238 m1123e L1123f m11241 L11242 m112df L112e0 m112e3 L112eb m11300 L11302 m1133b L1133d m11340 L11341 m11366
    L1136d m11370 L11375 m113bb L113c1 m113ce L113cf m113d0 L113d1 m113d2 L113d3 m113e1 L113e3 m11438 L11440 m11442
    L11445 m11446 L11447 m1145e L1145f m114b3 L114b9 m114ba L114bb m114bf L114c1 m114c2 L114c4 m115b2 L115b6 m115bc
    L115be m115bf L115c1 m115dc L115de m11633 L1163b m1163d L1163e m1163f L11641 o11660 L1166d m116ab L116ac m116ad
    L116ae m116b0 L116b6 m116b7 L116b8 m1171d L1171e m1171f L11720 m11722 L11726 m11727 L1172c m1182f L11838 m11839
    L1183b m1193b L1193d m1193e L1193f m11943 L11944 m119d4 L119d8 m119da L119dc m119e0 L119e1 m11a01 L11a07 m11a09
    L11a0b m11a33 L11a39 m11a3b L11a3f m11a47 L11a48 m11a51 L11a57 m11a59 L11a5c m11a8a L11a97 m11a98 L11a9a m11b60
    L11b61 m11b62 L11b65 m11b66 L11b67 m11c30 L11c37 m11c38 L11c3e m11c92 L11ca8 m11caa L11cb1 m11cb2 L11cb4 m11cb5
    L11cb7 m11d31 L11d37 m11d3a L11d3b m11d3c L11d3e m11d3f L11d46 m11d47 L11d48 m11d90 L11d92 m11d95 L11d96 m11d97
    L11d98 m11df0 L11df1 m11ef3 L11ef5 m11f00 L11f02 m11f36 L11f3b m11f40 L11f41 m11f42 L11f43 m11f5a L11f5b o11fd5
    %11fdd o11fe1 L11ff2 m13440 L13441 m13447 L13456 m1611e L1612a m1612d L16130 m16af0 L16af5 m16b30 L16b37 m16f4f
    L16f50 m16f8f L16f93 o16fe2 L16fe3 m16fe4 L16fe5 m1bc9d L1bc9f b1bca0 L1bca4 o1cc00 L1ccd6 11ccf0 o1ccfa L1ccfd
    o1cd00 L1ceb4 o1ceba L1ced1 o1ced2 L1ced5 o1cedd L1cefe m1cf00 L1cf2e m1cf30 L1cf47 m1d127 L1d129 m1d167 L1d16a
    b1d173 m1d17b L1d183 m1d185 L1d18c m1d1aa L1d1ae o1d1e9 L1d1eb o1d200 m1d242 o1d245 L1d246 m1d25b L1d25d o1d300
    L1d357 o1d6c1 L1d6c2 o1d6db L1d6dc o1d6fb L1d6fc o1d715 L1d716 o1d735 L1d736 o1d74f L1d750 o1d76f L1d770 o1d789
    L1d78a o1d7a9 L1d7aa o1d7c3 L1d7c4 11d7ce L1d800 m1da00 L1da37 m1da3b L1da6d m1da75 L1da76 m1da84 L1da85 m1da9b
    L1daa0 m1daa1 L1dab0 o1db00 L1db1d m1e000 L1e007 m1e008 L1e019 m1e01b L1e022 m1e023 L1e025 m1e026 L1e02b m1e08f
    L1e090 m1e130 L1e137 m1e2ae L1e2af m1e2ec L1e2f0 %1e2ff L1e300 m1e4ec L1e4f0 m1e5ee L1e5f0 m1e6e3 L1e6e4 m1e6e6
    L1e6e7 m1e6ee L1e6f0 m1e6f5 L1e6f6 R1e800 m1e8d0 R1e8d7 m1e944 R1e94b A1ec70 R1ecc0 A1ed00 R1ed50 A1ee00 o1eef0
    A1eef2 R1ef00 o1f000 L1f02c o1f030 L1f094 o1f0a0 L1f0af o1f0b1 L1f0c0 o1f0c1 L1f0d0 o1f0d1 L1f0f6 11f100 o1f10b
    L1f110 o1f12f L1f130 o1f16a L1f170 o1f1ad L1f1ae o1f260 L1f266 o1f300 L1f6da o1f6dc L1f6ed o1f6f0 L1f6fd o1f700
    L1f7da o1f7db L1f7dc o1f7e0 L1f7ec o1f7f0 L1f80c o1f810 L1f848 o1f850 L1f85a o1f860 L1f888 o1f890 L1f8ae o1f8b0
    L1f8bc o1f8c0 L1f8c2 o1f8d0 L1f8d9 o1f900 L1fa58 o1fa60 L1fa6e o1fa70 L1fa7d o1fa80 L1fac7 o1fac8 L1fac9 o1facc
    L1fade o1fadf L1faec o1faef L1fafb o1fb00 L1fb93 o1fb94 11fbf0 o1fbfa L1fbfb b1fffe L20000 b2fffe L30000 b3fffe
    L40000 b4fffe L50000 b5fffe L60000 b6fffe L70000 b7fffe L80000 b8fffe L90000 b9fffe La0000 bafffe Lb0000 bbfffe
    Lc0000 bcfffe Ld0000 bdfffe me0100 be01f0 Le1000 befffe Lf0000 bffffe L100000 b10fffe
"""
"""Class and first code point (hexadecimal) of each range; it reaches to the next."""


def classes(text: str) -> bytes:
    """Return the class of each character of `text` as one byte. Costs about 5 ns a character."""
    if text.isascii():
        return text.encode().translate(_table()[:256])
    points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4")
    found: bytes = np.frombuffer(_table(), np.uint8)[points].tobytes()
    return found


def needs_levels(text: str) -> bool:
    """Tell whether `text` holds a character that can lift a level in a left-to-right paragraph: R, AL, AN or a control."""
    return not text.isascii() and _lifting().search(text) is not None


@functools.cache
def _table() -> bytes:
    """One byte for each of the 0x110000 code points."""
    starts = [(int(entry[1:], 16), entry[0].encode()) for entry in _RANGES.split()]
    ends = [start for start, _ in starts[1:]] + [0x110000]
    return b"".join(code * (end - start) for (start, code), end in zip(starts, ends, strict=True))


@functools.cache
def _lifting() -> re.Pattern[str]:
    spans = (f"{chr(found.start())}-{chr(found.end() - 1)}" for found in re.finditer(rb"[RA2efghkijxz]+", _table()))
    return re.compile("[" + "".join(re.escape(span[0]) + "-" + re.escape(span[2]) for span in spans) + "]")
