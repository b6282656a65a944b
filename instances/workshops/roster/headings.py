"""What the columns of a class list are called, in the languages and learning systems that people export from. Pure."""

import unicodedata
from collections.abc import Iterable

# What a column holds → what it is called, as `plain` writes it.
_NAMES = {
    "name": (
        "name",
        "full name",
        "display name",
        "participant",
        "learner",
        "student",
        "student name",
        "vollstandiger name",
        "teilnehmer",
        "teilnehmerin",
        "nom complet",
        "nom et prenom",
        "participante",
        "nombre completo",
        "nombre y apellidos",
        "nome completo",
        "nome e cognome",
        "volledige naam",
        "naam",
        "deelnemer",
        "imie i nazwisko",
    ),
    "given": (
        "first",
        "first name",
        "firstname",
        "given name",
        "given names",
        "givenname",
        "forename",
        "vorname",
        "prenom",
        "nombre",
        "nome",
        "nome proprio",
        "voornaam",
        "imie",
        "fornavn",
        "fornamn",
        "etunimi",
    ),
    "family": (
        "last",
        "last name",
        "lastname",
        "family name",
        "surname",
        "nachname",
        "familienname",
        "nom",
        "nom de famille",
        "apellido",
        "apellidos",
        "cognome",
        "sobrenome",
        "apelido",
        "achternaam",
        "nazwisko",
        "etternavn",
        "efternamn",
        "sukunimi",
    ),
    "email": (
        "e mail",
        "email",
        "mail",
        "e mail address",
        "email address",
        "mail address",
        "e mail adresse",
        "email adresse",
        "mailadresse",
        "adresse e mail",
        "adresse mail",
        "adresse electronique",
        "courriel",
        "mel",
        "correo",
        "correo electronico",
        "direccion de correo",
        "posta elettronica",
        "indirizzo e mail",
        "indirizzo email",
        "correio eletronico",
        "endereco de e mail",
        "e mailadres",
        "mailadres",
        "adres e mail",
        "e post",
        "e postadress",
        "sahkoposti",
    ),
    "access_id": (
        "access id",
        "accessid",
        "access username",
        "access user",
        "username",
        "user name",
        "user id",
        "userid",
        "user",
        "login",
        "login id",
        "sis login id",
        "account",
        "benutzername",
        "kennung",
        "anmeldename",
        "identifiant",
        "nom d utilisateur",
        "usuario",
        "nombre de usuario",
        "nome utente",
        "gebruikersnaam",
    ),
}
_MEANING = {said: field for field, names in _NAMES.items() for said in names}


def plain(heading: str) -> str:
    """Lower case, one space between words, no accents and no signs: “E-Mail:” and “e mail” are one."""
    bare = "".join(
        letter for letter in unicodedata.normalize("NFKD", heading) if not unicodedata.combining(letter)
    )
    words = "".join(letter if letter.isalnum() else " " for letter in bare.casefold())
    return " ".join(words.split())


def meanings(headings: Iterable[str], id_title: str = "") -> list[str]:
    """What each column holds: name, given, family, email, access_id; empty for all others.

    `id_title`: what the operator calls the id. Of two columns that say the same the first counts.
    """
    found: list[str] = []
    for heading in headings:
        said = plain(heading)
        meant = "access_id" if said and said == plain(id_title) else _MEANING.get(said, "")
        found.append("" if meant in found else meant)
    # Where there is a family name beside it, “Name” is one in German, French and Spanish tables.
    if "name" in found and "given" in found and "family" not in found:
        found[found.index("name")] = "family"
    return found
