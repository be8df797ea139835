"""The words of lists of users: names of columns, kinds and actions, in four languages.

Case, accents, spaces and signs do not count. The last four columns are those of Fusion's own files;
they are accepted without effect, so that those files can be sent again.
"""

from fusion.kernel.sheets.columns import known

HEADERS = known(
    {
        "login": (
            "user name",
            "user principal name",
            "upn",
            "Benutzername",
            "Anmeldename",
            "identifiant",
            "nom d'utilisateur",
            "gebruikersnaam",
            "inlognaam",
            "aanmeldnaam",
        ),
        "display_name": (
            "name",
            "full name",
            "Anzeigename",
            "nom",
            "nom complet",
            "nom affiché",
            "nom d'affichage",
            "naam",
            "volledige naam",
            "weergavenaam",
        ),
        "kind": ("type", "Art", "Typ", "genre", "soort"),
        "number": (
            "phone number",
            "phone",
            "telephone",
            "telephone number",
            "E.164",
            "Nummer",
            "Rufnummer",
            "Telefonnummer",
            "Telefon",
            "numéro",
            "numéro de téléphone",
            "téléphone",
            "telefoonnummer",
            "telefoon",
        ),
        "sku": (
            "number type",
            "Rufnummernart",
            "Nummernart",
            "type de numéro",
            "nummertype",
            "soort nummer",
        ),
        "action": ("Aktion", "actie"),
        "row": ("Zeile", "ligne", "rij"),
        "outcome": ("Ergebnis", "résultat", "resultaat"),
        "problem": ("Problem", "problème", "probleem"),
        "created_at": ("created", "Erstellt", "créé", "aangemaakt"),
    }
)

KINDS = known(
    {
        "user": ("Nutzer", "Benutzer", "utilisateur", "gebruiker"),
        "resource_account": (
            "Ressourcenkonto",
            "compte de ressources",
            "compte de ressource",
            "resourceaccount",
        ),
    }
)

ACTIONS = known(
    {
        "unlink": (
            "lösen",
            "délier",
            "loskoppelen",
            "Verknüpfung aufheben",
            "trennen",
            "dissocier",
            "ontkoppelen",
        ),
        "delete": ("löschen", "supprimer", "verwijderen"),
    }
)
