"""Spellings of one name meet; ordinary German words and other names stay apart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.german import grams, stem
from rag.names import name_key

MEET = """
Selenskyj Zelensky Selenski Zelenskyy Zelenskiy Selenskij Selenskyjs Zelenskyj
Kiew Kyjiw Kyiv Kiev Kiews
Charkiw Kharkiv Charkow Kharkov
Tschernihiw Chernihiv
Mykolajiw Mykolaiv Nikolajew
Lwiw Lviv
Tschernobyl Chernobyl Tschornobyl
Saporischschja Zaporizhzhia Saporischja
Donezk Donetsk
Luhansk Lugansk
Bachmut Bakhmut
Butscha Bucha
Odessa Odesa
Cherson Kherson
Lukaschenko Lukashenko Lukaschenkos
Poroschenko Poroshenko
Timoschenko Tymoschenko Tymoshenko
Schewtschenko Shevchenko
Martschenko Marchenko
Litwinenko Litvinenko
Janukowytsch Yanukovych Janukowitsch
Chruschtschow Khrushchev Chruschtschew
Gorbatschow Gorbachev Gorbatschows
Medwedew Medvedev
Breschnew Brezhnev
Schukow Zhukov
Lawrow Lavrov
Peskow Peskov
Nawalny Navalny Nawalnyj
Resnikow Reznikov
Saluschnyj Zaluzhny
Klitschko Klychko
Krawtschuk Kravchuk
Achmetow Akhmetov
Sacharow Sakharov
Sacharowa Zakharova
Scharapowa Sharapova
Tokajew Tokayev
Nasarbajew Nazarbayev
Alijew Aliyev
Paschinjan Pashinyan
Saakaschwili Saakashvili
Schewardnadse Shevardnadze
Milošević Milosevic Milosewitsch
Abramowitsch Abramovich
Schostakowitsch Shostakovich
Strawinski Stravinsky
Tschaikowski Tchaikovsky Tschaikowsky
Rachmaninow Rachmaninoff
Dostojewski Dostoyevsky Dostojewskij
Tschechow Chekhov
Trotzki Trotsky
Kusnezow Kuznetsov
Nemzow Nemtsov
Chodorkowski Khodorkovsky
Politkowskaja Politkovskaya
Chmelnyzkyj Khmelnytskyi
Prigoschin Prigozhin
Jelzin Yeltsin
Schoigu Shoigu
Wolodymyr Volodymyr
Wladimir Vladimir
Sergej Sergei Serhij
Erdoğan Erdogan
Orbán Orban
Wałęsa Walesa
Peking Beijing
Chamenei Khamenei
Gaddafi Qaddafi
Hisbollah Hezbollah
Tiflis Tbilissi
Türkei Türkiye
""".strip().splitlines()
APART = """
Schach Sache
Schuh Suh
Tasche Tasse
Kirche Kirsche
Rutsch Ruch
Deutsch Deuch
Masche Masse
Fisch Fis
Tisch Tis
Wein Vene
Wetter Vetter
Wagen Vagen
Wiese Vieh
Zahl Saal
Zeit Seit
Zauber sauber
Ziegel Siegel
Zeile Seile
zehn sehn
reizen reisen
heizen heißen
Weizen Waisen
Katze Kasse
Netz nass
Jahr Iar
Jagd Yacht
Joch Yoga
Bayern Baiern
Physik Fisik
Typ Tip
Chor Hor
Buch Bucht
Loch Loh
Dach Dah
Rauch Rauh
Bucht Butscha
Sicht Schicht
Sonne schonen
Saft Schaft
Sand Schande
Sein Schein
Stadt Staat
Ski Sky
Motiv Motor
aktiv Akte
naiv Nase
Archiv Archäologe
Kiel Kiew
Kino Kiew
Interview Intervall
Review Revier
Stoff Stof
Schiff Schiv
Ofen Oven
Show Schau
Putin Puten
Lawine Lavrov
Iwan Iran
Iran Irak
Lenin Lehne
Stalin Stall
Charta Charkiw
Cherub Cherson
Donau Donezk
Medwedew Meder
Lukaschenko Poroschenko
Janukowytsch Juschtschenko
Selenskyj Seleni
Jury Juri
Peskow Pescara
Orban Urban
Kadyrow Kadaver
""".strip().splitlines()


@pytest.mark.parametrize("line", MEET)
def test_spellings_of_a_name_share_stem_and_grams(line: str) -> None:
    spellings = line.split()
    assert {stem(name) for name in spellings} == {stem(spellings[0])}
    own = set(grams(spellings[0].removesuffix("s")))
    assert all(len(own & set(grams(name))) > 0.6 * len(own) for name in spellings)


@pytest.mark.parametrize("line", APART)
def test_other_words_stay_apart(line: str) -> None:
    one, other = line.split()
    assert stem(one) != stem(other)


def test_there_are_enough_pairs_of_both_kinds() -> None:
    assert len(MEET) >= 60
    assert len(APART) >= 60


@pytest.mark.parametrize("word", ["teltower", "aktive", "archive", "schachspiel", "zwischen", "deutschland", "benzin"])
def test_a_word_of_another_shape_is_its_own_key(word: str) -> None:
    assert name_key(word) == word


@given(st.text("abcdefghijklmnopqrstuvwxyz", max_size=14))
def test_a_key_is_never_empty(word: str) -> None:
    assert name_key(word) or not word
