"""WeChat: official and service accounts, and the customer service of mini-programs.

They share one protocol: messages come by callbacks that are signed and, in the safe mode, encrypted
(`callback`, `message`); replies go out as customer-service messages of its API (`api`).
"""
